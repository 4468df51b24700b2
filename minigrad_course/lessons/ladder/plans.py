"""The top rung: the plan that the engine makes of the graph, and where its time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.display.steps import steps_of
from minigrad.engine.blas import blas_threads
from minigrad.engine.threads import get_threads, set_threads
from minigrad.initializers import GlorotUniform
from minigrad.layers import Conv2D, Dense, Flatten, Input
from minigrad.model import Sequential
from minigrad.optimizers import SGD
from minigrad_course.lessons.ladder.graphs import Rung, SinglePrecision

__all__ = [
    "WHAT_IT_HOLDS",
    "KernelTime",
    "Plan",
    "kernel_times",
    "outline",
    "reference_network",
]

# what the engine calls an array, and what it holds in the network of the lecture
WHAT_IT_HOLDS = {
    "value of inputs": "pictures",
    "value of reshape": "feature maps",
    "gradient of reshape": "their gradient",
    "gradient, to be used up": "∂L/∂W",
    "where x > 0": "mask",
    "value of elu": "hidden layer",
    "gradient of elu": "its gradient",
    "shares of a product": "sums",
}


def reference_network(filters: int = 8, dtype: str = "float32") -> Sequential:
    """The network of the paper, compiled; the same weights every time.

    Args:
        filters: Of the convolution; the paper's text has 8, its published program 1.
        dtype: Of weights and data.

    Returns:
        The model.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.reference_network().count_params()
        747954
    """
    start: dict[str, Any] = {"kernel_initializer": GlorotUniform(seed=4), "dtype": dtype}
    layers = [
        Input((28, 28, 1), dtype=dtype),
        Conv2D(filters, 2, activation="relu", name="convolution", **start),
        Flatten(name="flatten", dtype=dtype),
        Dense(128, activation="elu", name="hidden", **start),
        Dense(10, activation="softmax", name="scores", **start),
    ]
    model = Sequential(layers)
    model.compile(optimizer=SGD(0.01), loss="categorical_crossentropy")
    return model


class Plan(Rung):
    """What ``compile()`` gives: the engine's plan of the same graph.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> rung = ladder.Plan(ladder.reference_network().get_weights(), batch=4)
        >>> round(rung.step(np.zeros((4, 28, 28, 1)), np.eye(10)[:4]), 4)
        2.3026
    """

    title = "the engine's plan"
    tolerance = SinglePrecision.tolerance

    def __init__(self, weights: Sequence[np.ndarray], batch: int = 1) -> None:
        self.model = reference_network()
        self.model.set_weights(list(weights))
        self.runner: Any = self.model._runner(batch, training=True)
        self.threads, self.batch = get_threads(), slice(0, batch)

    @property
    def weights(self) -> list[np.ndarray]:  # type: ignore[override]
        return self.model.get_weights()

    def step(self, x: Any, y: Any, rate: float = 0.01) -> float:
        self.runner.optimizer.learning_rate = rate
        self.runner.load(x, y, self.batch)
        self.runner.train_step()
        return self.runner.loss


def outline(plan: Any) -> str:
    """A plan in three columns, narrow enough to be projected.

    Args:
        plan: What ``model.plan(batch_size)`` returns.

    Returns:
        One line for each kernel in each sweep, in the order of execution.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> text = ladder.outline(ladder.reference_network().plan(128))
        >>> "convolution, backward" in text, max(map(len, text.splitlines())) <= 88
        (True, True)
    """
    lines = [f"{'kernel':33}  {'nodes that it serves':42}  threads"]
    for row in plan.rows:
        kernel = row.kernel + (", backward" if row.backward else "")
        nodes = " + ".join(row.nodes)
        nodes = nodes if len(nodes) <= 42 else nodes[:41] + "…"
        lines.append(f"{kernel:33.33}  {nodes:42}  {row.threads}")
    return "\n".join(lines)


class KernelTime(NamedTuple):
    """How long one kernel of a plan takes.

    Attributes:
        name: What it serves.
        forward: Seconds of its calls in the forward sweep.
        backward: Seconds of its calls in the backward sweep, with the update of its weights.
        flops: Its useful floating-point operations in both.
    """

    name: str
    forward: float
    backward: float
    flops: int


def kernel_times(model: Sequential, x: Any, y: Any, repeats: int = 30) -> list[KernelTime]:
    """Time the calls of every kernel of a model's plan, in one thread.

    The model is trained on the batch while it is timed.

    Args:
        model: A compiled model.
        x: One batch of samples.
        y: Their targets.
        repeats: How many steps to time; the shortest times are returned.

    Returns:
        One entry for each kernel, in the order of the forward sweep.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> model = ladder.reference_network()
        >>> times = ladder.kernel_times(model, np.zeros((4, 28, 28, 1)), np.eye(10)[:4], repeats=2)
        >>> sum(kernel.flops for kernel in times) // 4   # for a picture
        4579968
    """
    before = get_threads()
    set_threads(1)
    try:
        runner: Any = model._runner(len(x), training=True)
        runner.load(np.asarray(x), np.asarray(y), slice(0, len(x)))
        runner.train_step()
        (program,) = runner.programs
        listed = calls_of(program)
        taken: dict[Any, list[float]] = {key: [] for key in listed}
        with blas_threads(1):
            for _ in range(repeats):  # a step as the plan runs it, with a look at the clock
                for call in program.begin:
                    call()
                for key, calls in listed.items():
                    start = time.perf_counter()
                    for call in calls:
                        call()
                    taken[key].append(time.perf_counter() - start)
    finally:
        set_threads(before)
    best = {key: min(times) for key, times in taken.items()}
    return [
        KernelTime(describe(k), best[k, "forward"], best[k, "backward"], sum(k.flops))
        for k in program.kernels
    ]


Calls = dict[tuple[Any, str], list[Callable[[], object]]]


def calls_of(program: Any) -> Calls:
    # the calls of each kernel in each sweep, in the order in which they are run
    every = [*program.begin, *program.data, *program.forward, *program.backward]
    return {
        (step.kernel, "backward" if step.backward else "forward"): every[step.start : step.stop]
        for step in steps_of(program)
    }


def describe(kernel: Any) -> str:
    shape = "×".join(str(n) for n in kernel.output.shape[1:])
    return f"{kernel.kind}{' → ' if shape else ''}{shape}"
