"""What is measured on every rung: whether the numbers are right, the time, and the bytes."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.blas import blas_threads
from minigrad.engine.cores import cores
from minigrad.engine.threads import side_by_side
from minigrad.graph import backward, forward
from minigrad_course.lessons.ladder.graphs import Rung
from minigrad_course.lessons.ladder.plans import reference_network

__all__ = [
    "Climb",
    "Reading",
    "allocated",
    "gigaflops",
    "one_core",
    "reference",
    "seconds",
    "table",
]


class Reading(NamedTuple):
    """What was measured on one rung.

    Attributes:
        title: The rung's idea.
        batch: Pictures in a step.
        seconds: Shortest time of a step.
        nbytes: Bytes of arrays that a step allocates, whether it gives them back or not.
        error: Largest difference of a gradient from the reference's, relative to the largest.

    Example:
        >>> from minigrad_course.lessons.ladder import Reading
        >>> Reading("one graph for all", 128, 0.05, 62_000_000, 1e-15).speed
        2560.0
    """

    title: str
    batch: int
    seconds: float
    nbytes: int
    error: float

    @property
    def speed(self) -> float:
        """Pictures per second."""
        return self.batch / self.seconds


class Climb:
    """Rungs measured on the same pictures, from the same weights.

    Args:
        weights: Where every rung starts, in Keras's order and layouts.
        x: Pictures of shape (count, 28, 28, 1).
        y: One-hot rows of shape (count, 10).

    Attributes:
        readings: What was measured, in the order of climbing.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> weights = ladder.reference_network().get_weights()
        >>> climb = ladder.Climb(weights, np.random.rand(4, 28, 28, 1), np.eye(10)[:4])
        >>> climb.to(ladder.InPlace, batch=4)   # doctest: +ELLIPSIS
        out=, no allocation, batch 4: ...
        >>> climb.readings[0].error < ladder.InPlace.tolerance
        True
    """

    def __init__(self, weights: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray) -> None:
        self.weights = list(weights)
        self.x, self.y = np.asarray(x, np.float32), np.asarray(y, np.float32)
        self.readings: list[Reading] = []

    def to(
        self,
        rung: type[Rung],
        batch: int,
        threads: int = 1,
        title: str | None = None,
        tell: bool = True,
    ) -> None:
        """Measure a rung, keep what was found, and print it; a wrong rung is only told.

        Args:
            rung: The class to climb to.
            batch: How many pictures a step takes.
            threads: How many threads BLAS may use by itself.
            title: What to call it, in place of its own title.
            tell: Whether to print what was found, which may be the answer to a question.
        """
        try:
            reading = self.measure(rung, batch, threads)._replace(title=title or rung.title)
        except AssertionError as error:
            print(f"✗ {error}. Fast and wrong is easy, so it was not measured.")
            return
        self.readings.append(reading)
        if tell:
            print(told(reading))

    def find(self, title: str, batch: int) -> Reading:
        """The newest reading of a rung.

        Args:
            title: What it is called.
            batch: How many pictures a step took.

        Returns:
            What was measured.

        Raises:
            KeyError: When there is none.
        """
        for reading in reversed(self.readings):
            if (reading.title, reading.batch) == (title, batch):
                return reading
        raise KeyError(f"no rung {title!r} with batch {batch} was measured")

    def measure(self, rung: type[Rung], batch: int, threads: int = 1) -> Reading:
        """Check a rung, and measure the time and the bytes of its step.

        Args:
            rung: A class with ``step(x, y, rate)`` and ``weights``.
            batch: How many pictures a step takes.
            threads: How many threads BLAS may use by itself.

        Returns:
            What was measured.

        Raises:
            AssertionError: When its loss or a gradient is not the reference's.
        """
        error = self.check(rung, batch)
        x, y, runner = self.x[:batch], self.y[:batch], rung(self.weights, batch)
        took = seconds(runner.step, x, y, 0.001, budget=0.5, threads=threads)
        with blas_threads(1):
            nbytes = allocated(lambda: runner.step(x, y, 0.001), least=runner.threads * BUFFER)
        return Reading(rung.title, batch, took, nbytes, error)

    def check(self, rung: type[Rung], batch: int) -> float:
        """Compare one step with the reference; return the largest relative difference.

        Args:
            rung: The class to check.
            batch: How many pictures a step takes.

        Returns:
            How far a gradient is off, relative to the largest of its array.

        Raises:
            AssertionError: When it is further off than the rung's tolerance.
        """
        errors = self.differences(rung, batch)
        worst = max(errors, key=errors.__getitem__)
        if not errors[worst] < rung.tolerance:  # not a number is no agreement either
            what = "the loss" if worst == "loss" else f"the gradient of {worst}"
            raise AssertionError(
                f"{rung.title}: {what} is off by {errors[worst]:.1e}, "
                f"and only {rung.tolerance:.0e} is allowed"
            )
        return errors[worst]

    def differences(self, rung: type[Rung], batch: int) -> dict[str, float]:
        """How far the loss and each gradient of one step are from the reference's.

        Args:
            rung: The class to check.
            batch: How many pictures a step takes.

        Returns:
            For the loss and for each weight, how far it is off; a gradient relative to its
            largest number.

        Example:
            >>> import numpy as np
            >>> from minigrad_course.lessons import ladder
            >>> weights = ladder.reference_network().get_weights()
            >>> climb = ladder.Climb(weights, np.random.rand(1, 28, 28, 1), np.eye(10)[:1])
            >>> list(climb.differences(ladder.GraphOnce, 1))
            ['loss', 'kernel', "kernel's bias", 'W', "W's bias", 'V', "V's bias"]
        """
        x, y = self.x[:batch], self.y[:batch]
        with blas_threads(1):
            wanted, gradients = reference(self.weights, x, y)
            runner = rung(self.weights, batch)
            loss = runner.step(x, y, rate=1.0)  # so that w changes by the gradient itself
        errors = {"loss": float(abs(loss - wanted))}
        arrays = zip(NAMES, self.weights, runner.weights, gradients, strict=True)
        for name, before, after, g in arrays:
            errors[name] = float(np.abs(before - after - g).max() / np.abs(g).max())
        return errors


NAMES = "kernel", "kernel's bias", "W", "W's bias", "V", "V's bias"  # of the weights, in order


def told(reading: Reading) -> str:
    return (
        f"{reading.title}, batch {reading.batch}: {1e3 * reading.seconds:.2f} ms a step, "
        f"{reading.speed:,.0f} pictures per second,\n    "
        f"{reading.nbytes / 1e6:.2f} MB allocated in a step; "
        f"gradients agree to {reading.error:.0e}"
    )


def reference(weights: Sequence[np.ndarray], x: Any, y: Any) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients by ``mg.forward`` and ``mg.backward`` on the model's graph, in float64.

    Args:
        weights: In Keras's order and layouts.
        x: Pictures of shape (batch, 28, 28, 1).
        y: One-hot rows of shape (batch, 10).

    Returns:
        The mean loss, and one gradient for each weight.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> weights = ladder.reference_network().get_weights()
        >>> loss, gradients = ladder.reference(weights, np.zeros((1, 28, 28, 1)), np.eye(10)[:1])
        >>> round(loss, 4), [g.shape for g in gradients][:2]
        (2.3026, [(2, 2, 1, 8), (8,)])
    """
    model = reference_network(filters=weights[1].size, dtype="float64")
    model.set_weights(list(weights))
    network = model.network(len(x), training=True)
    network.inputs.value, network.targets.value = x, y  # type: ignore[union-attr]
    loss = float(forward(network.order))
    backward(network.order)
    return loss, [variable.gradient for variable in model.trainable_weights]


def one_core() -> AbstractContextManager[None]:
    """Keep the matrix products of BLAS on one core.

    Returns:
        A context manager, which decorates a function as well.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> @ladder.one_core()
        ... def twice(x):
        ...     return x + x
        >>> twice(1.5)
        3.0
    """
    return blas_threads(1)


def seconds(
    call: Callable[..., object], *arguments: Any, budget: float = 0.25, threads: int = 1
) -> float:
    """The shortest time of a call, of at least three, after one to warm up.

    What took longer was held up by other programs (the advice of Python's own ``timeit``).

    Args:
        call: What to time.
        arguments: What to call it with.
        budget: Seconds to spend, about.
        threads: How many threads BLAS may use by itself.

    Returns:
        Seconds.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> 0 < ladder.seconds(sum, range(100), budget=0.001) < 1
        True
    """
    times: list[float] = []
    with blas_threads(threads):
        call(*arguments)
        begin = time.perf_counter()
        while len(times) < 3 or time.perf_counter() - begin < budget:
            start = time.perf_counter()
            call(*arguments)
            times.append(time.perf_counter() - start)
    return min(times)


# Smaller pieces are Python's own objects, and the buffers of 8,192 numbers through which each
# thread of NumPy's converts and broadcasts.
BUFFER = 50_000


def allocated(call: Callable[[], object], least: int = 2 * BUFFER) -> int:
    """Bytes of arrays that a call allocates, all added up, given back or not.

    The paper's Fig. 6 adds up like this. Python stops after every single operation and
    tracemalloc, which NumPy tells of every array, says how far memory rose meanwhile.

    Args:
        call: What to watch, a function of Python's.
        least: The smallest piece that counts, in bytes. Those of Python's own objects and of
            NumPy's working buffers are smaller.

    Returns:
        The sum of all pieces.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons import ladder
        >>> a = np.zeros(1_000_000)
        >>> round(ladder.allocated(lambda: a + a), -6)
        8000000
        >>> ladder.allocated(lambda: np.add(a, a, out=a))
        0
    """
    total = before = 0

    def look(frame: Any, event: str, argument: Any) -> Any:
        nonlocal total, before
        if frame is not None:
            frame.f_trace_opcodes = True
        now, peak = tracemalloc.get_traced_memory()
        if peak - before >= least:
            total += peak - before
        tracemalloc.reset_peak()
        before = now
        return look

    debugger, was_tracing = sys.gettrace(), tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        sys.settrace(look)
        call()
    finally:
        sys.settrace(debugger)
        look(None, "", None)
        if not was_tracing:
            tracemalloc.stop()
    return total


def gigaflops(threads: int | None = None, size: int = 512) -> float:
    """The machine's matrix-product rate: the best of many products of float32.

    Each thread has products of its own, so that none waits for another inside of one.

    Args:
        threads: How many threads; by default one or all cores, whichever is more (another
            program that holds a core makes one the better).
        size: Rows and columns of the matrices.

    Returns:
        Floating-point operations per nanosecond, two for each multiplication and addition.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> ladder.gigaflops(threads=1, size=64) > 0
        True
    """
    if threads is None:
        return max(gigaflops(n, size) for n in {1, cores()})
    a, b = np.random.default_rng(0).random((2, size, size), dtype=np.float32)
    lists = [[partial(np.matmul, a, b, out=np.empty_like(a))] for _ in range(threads)]
    took = seconds(side_by_side, lists, budget=0.4)
    return threads * 2 * size**3 / took / 1e9


def table(readings: Sequence[Reading]) -> str:
    """The climb as text, one rung a line.

    Args:
        readings: What was measured.

    Returns:
        Lines of equal columns.

    Example:
        >>> from minigrad_course.lessons import ladder
        >>> print(ladder.table([ladder.Reading("one graph for all", 128, 0.05, 62_000_000, 1e-15)]))
        rung                             batch   ms a step  pictures/s  MB allocated     gradients
        one graph for all                  128      50.000       2,560        62.000  agree to 1e-15
    """
    lines = [
        f"{'rung':30}  {'batch':>6}  {'ms a step':>10}  {'pictures/s':>10}  {'MB allocated':>12}  "
        f"{'gradients':>12}"
    ]
    for r in readings:
        lines.append(
            f"{r.title:30}  {r.batch:6}  {1e3 * r.seconds:10.3f}  {r.speed:10,.0f}  "
            f"{r.nbytes / 1e6:12.3f}  agree to {r.error:.0e}"
        )
    return "\n".join(lines)
