"""What a derivative costs, the same on every machine: calls, operations, and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.graph import Node, Operator, forward, topological_sort
from minigrad.graph.sweeps import summed

__all__ = ["Counted", "count_sweeps", "peak"]


class Counted:
    """A function that counts how often it is called.

    Args:
        function: What to call.

    Attributes:
        calls: How often it was.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course.lessons.counting import Counted
        >>> square = Counted(lambda x: x * x)
        >>> slope = mg.finite_difference(square, 3.0)
        >>> square.calls
        2
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.function(*args)


class Tally(np.ndarray):
    """An array that counts the operations done with it, one for each number."""

    total = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [i.view(np.ndarray) if isinstance(i, Tally) else i for i in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        # A sum of n numbers is n operations, though its result is one number.
        Tally.total += np.size(result if method == "__call__" else plain[0])
        return None if result is None else tally(result)


def tally(value: Any) -> Tally:
    return np.asarray(value).view(Tally)


def count_sweeps(result: Node) -> tuple[int, int]:
    """How many operations on single numbers a forward and a backward sweep take.

    An addition of two arrays of n numbers counts n, and so does the sum of n numbers.
    Reshaping, slicing and copying count nothing.

    Args:
        result: The scalar node that ends the graph.

    Returns:
        Operations of the forward sweep, and of the backward sweep.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course.lessons.counting import count_sweeps
        >>> x = mg.Variable(np.ones(100))
        >>> count_sweeps((x * x).sum())         # 100 products and a sum; twice g·x, and added up
        (200, 300)
    """
    order = topological_sort(result)
    forward(order)
    values = {node: tally(node.value) for node in order}
    operators = [node for node in order if isinstance(node, Operator)]

    Tally.total = 0
    for node in operators:
        node.forward(*(values[source] for source in node.inputs))
    ahead = Tally.total

    Tally.total = 0
    gradients: dict[Node, Any] = {result: tally(np.ones(result.shape))}
    for node in reversed(operators):
        if node in gradients:
            parts = node.backward(gradients[node], *(values[source] for source in node.inputs))
            parts = parts if isinstance(parts, tuple) else (parts,)
            for source, part in zip(node.inputs, parts, strict=True):
                if part is not None and source.needs_gradient:
                    part = summed(part, source.shape)
                    gradients[source] = gradients[source] + part if source in gradients else part
    return ahead, Tally.total


def peak(function: Callable[..., Any], *args: Any) -> int:
    """How far memory rises above what it was while a function runs, in bytes.

    Args:
        function: What to call.
        args: What to call it with.

    Returns:
        Bytes at the highest moment; NumPy tells tracemalloc of every array.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.counting import peak
        >>> a = np.ones(1_000_000)
        >>> round(peak(lambda: [a + a, a + a]) / a.nbytes)
        2
    """
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        function(*args)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
