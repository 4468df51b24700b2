"""Where the time of one training step goes, node by node: what lecture 03 measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from minigrad.graph import Operator, backward, forward, topological_sort
from minigrad_course.lessons.ladder.measure import gigaflops, seconds
from minigrad_course.lessons.sizes import Sizes

__all__ = ["OneStep", "measure", "outer_product", "tiny_model"]

OPERATIONS = sum(Sizes().operations)  # of a step with one picture
FORWARD, BACKWARD, ONCE = "#56b4e9", "#00456b", "#b3b3b3"


@dataclass(frozen=True)
class OneStep:
    """What a step took, all in seconds.

    Attributes:
        operators: For each node that computes, its name and its forward and backward time.
        update: The change of all the weights.
        walk: Python's loops over the nodes, as measured on the same graph with tiny arrays.
        step: The step as a whole.
        ahead: The forward sweep, within a step.
        operations: Floating-point operations that one core could do in a second.
        products: What :func:`outer_product` says of the largest matrix.
    """

    operators: dict[str, tuple[float, float]]
    update: float
    walk: float
    step: float
    ahead: float
    operations: float
    products: dict[str, dict[str, float]]

    def __str__(self) -> str:
        alone = sum(ahead for ahead, _ in self.operators.values())
        used = OPERATIONS / self.step / self.operations
        return (
            f"16 epochs over 60,000 pictures: {16 * 60_000 * self.step / 60:.0f} minutes\n"
            f"of the operations that one core can do, used: {used:.1%}\n"
            f"forward, node by node, each again and again: {1e6 * alone:.0f} µs\n"
            f"forward, once in a step: {1e6 * self.ahead:.0f} µs"
        )

    @property
    def rest(self) -> float:
        """What is left of the step when all else is taken off."""
        known = sum(map(sum, self.operators.values())) + self.update + self.walk
        return max(0.0, self.step - known)

    @property
    def slowest(self) -> str:
        """Name of the layer whose node took longest."""
        worst = max(self.operators, key=lambda name: sum(self.operators[name]))
        return worst.split("“")[1].rstrip("”")

    @property
    def longer(self) -> float:
        """How many times as long the product of a column and a row takes in ``float64``."""
        single, double = (next(iter(times.values())) for times in self.products.values())
        return double / single

    def show(self) -> Any:
        """Print the sums, and return the chart."""
        print(self)
        return self.chart()

    def chart(self) -> Any:
        """Bars: on the left the step's parts, on the right the product of a column and a row."""
        from matplotlib.figure import Figure

        from minigrad.display import show, style

        with style():
            figure = Figure(figsize=(11.0, 5.0))
            left, right = figure.subplots(1, 2, width_ratios=[3, 2])
            self.draw_parts(left)
            draw_products(right, self.products)
        longest = max(self.operators, key=lambda name: sum(self.operators[name]))
        return show(
            figure,
            alt=f"Left: of all the parts of a step, the node {longest} takes longest, and most of "
            "it backward. Right: the product of a column and a row takes as long in float32 as in "
            "float64; broadcasting and writing the array take less, and less still in float32",
        )

    def draw_parts(self, ax: Any) -> None:
        names = list(self.operators)
        ahead, back = 1e6 * np.transpose([self.operators[name] for name in names])
        ax.barh(names, ahead, color=FORWARD, label="forward")
        ax.barh(names, back, left=ahead, color=BACKWARD, label="backward", hatch="//")
        once = {
            "update of the weights": self.update,
            "the walk over the nodes": self.walk,
            "all else": self.rest,
        }
        micros = [1e6 * value for value in once.values()]
        ax.barh(list(once), micros, color=ONCE, label="once in a step", hatch="..")
        ax.invert_yaxis()
        ax.grid(False, axis="y")
        ax.set_axisbelow(True)
        ax.set(xlabel="µs in a step (one picture)", title="the parts of a step")
        ax.legend(loc="center right")


def draw_products(ax: Any, products: dict[str, dict[str, float]]) -> None:
    for k, (dtype, times) in enumerate(products.items()):
        at = np.arange(len(times)) + 0.4 * k
        micros = [1e6 * value for value in times.values()]
        look: dict[str, Any] = {"color": (FORWARD, BACKWARD)[k], "hatch": ("", "//")[k]}
        ax.barh(at, micros, height=0.36, label=dtype, **look)
    ax.set_yticks(np.arange(len(times)) + 0.2, list(times))
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.set_axisbelow(True)
    ax.set(xlabel="µs", title="5,832 × 128 numbers")
    ax.legend(loc="lower right")


def measure(model: Any, x: np.ndarray, y: np.ndarray) -> OneStep:
    """Time a step of training, node by node, and each of its parts by itself.

    The learning rate is 0, which takes all the work and changes nothing: weights that have been
    updated a thousand times by one gradient would lead to other numbers, and other times.

    Args:
        model: A compiled model of the library's.
        x: Pictures of shape (batch, height, width, channel).
        y: One-hot rows of shape (batch, class).

    Returns:
        What was measured.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import one_step
        >>> model = one_step.tiny_model()
        >>> took = one_step.measure(model, np.ones((1, 3, 3, 1)), np.eye(2)[:1])
        >>> list(took.operators)[0], took.step > 0
        ('convolve “convolution”', True)
    """
    operators, update, step, ahead = parts_of_step(model, x, y)
    little, change, whole, _ = parts_of_step(tiny_model(), np.ones((1, 3, 3, 1)), np.eye(2)[:1])
    return OneStep(
        operators=operators,
        update=update,
        walk=max(0.0, whole - change - sum(map(sum, little.values()))),
        step=step,
        ahead=ahead,
        operations=1e9 * gigaflops(threads=1),
        products=outer_product(),
    )


def parts_of_step(
    model: Any, x: np.ndarray, y: np.ndarray
) -> tuple[dict[str, tuple[float, float]], float, float, float]:
    """Seconds: of the operators, of the update, of a whole step and of the forward sweep in it."""
    network = model.network(len(x), training=True)
    network.inputs.value, network.targets.value = x, y
    order = topological_sort(network.loss)

    def update() -> None:
        for variable in model.trainable_weights:
            variable.value = variable.value - 0.0 * variable.gradient

    sweeps = []

    def sweeps_and_update() -> None:
        begin = perf_counter()
        forward(order)
        sweeps.append(perf_counter() - begin)
        backward(order)
        update()

    sweeps_and_update()
    operators = {
        called(node): (
            seconds(node.forward, *values(node), budget=0.1),
            seconds(node.backward, node.gradient, *values(node), budget=0.1),
        )
        for node in order
        if isinstance(node, Operator)
    }
    return operators, seconds(update), seconds(sweeps_and_update), min(sweeps)


def called(node: Operator) -> str:
    # as a drawing of the graph has it; the loss's operator is clear without its layer's long name
    kind = type(node).__name__.lower()
    return f"{kind} “{node.name}”" if node.name and "cross" not in kind else kind


def values(node: Operator) -> list[Any]:
    return [source.value for source in node.inputs]


def tiny_model() -> Any:
    """The reference network's layers on 3×3 pictures: as many nodes, and next to no numbers.

    Returns:
        A compiled model.

    Example:
        >>> from minigrad_course.lessons.one_step import tiny_model
        >>> tiny_model().count_params()
        21
    """
    import minigrad as mg

    model = mg.Sequential(
        [
            mg.Input((3, 3, 1)),
            mg.layers.Conv2D(1, 2, activation="relu", name="convolution"),
            mg.layers.Flatten(name="flatten"),
            mg.layers.Dense(2, activation="elu", name="hidden"),
            mg.layers.Dense(2, activation="softmax", name="output"),
        ]
    )
    model.compile(mg.optimizers.SGD(0.01), loss="categorical_crossentropy", run_eagerly=True)
    return model


def outer_product(rows: int = 5832, columns: int = 128) -> dict[str, dict[str, float]]:
    """Three ways to fill a matrix from a column and a row, in both number types.

    Args:
        rows: Length of the column.
        columns: Length of the row.

    Returns:
        For ``float32`` and ``float64`` the seconds of the matrix product, of the broadcast product
        of the same numbers, and of writing one number into all of the matrix.

    Example:
        >>> from minigrad_course.lessons.one_step import outer_product
        >>> list(outer_product(4, 3)["float32"])
        ['product, a @ g', 'broadcast, a * g', 'only writing']
    """
    found = {}
    for dtype in (np.float32, np.float64):
        a, g = np.ones((rows, 1), dtype), np.ones((1, columns), dtype)
        there = np.empty((rows, columns), dtype)
        ways: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
            "product, a @ g": (np.matmul, (a, g, there)),
            "broadcast, a * g": (np.multiply, (a, g, there)),
            "only writing": (there.fill, (1.0,)),
        }
        found[np.dtype(dtype).name] = {
            name: seconds(way, *arguments, budget=0.1) for name, (way, arguments) in ways.items()
        }
    return found
