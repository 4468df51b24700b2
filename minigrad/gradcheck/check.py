"""The gradient check: a graph's backward sweep set against central differences."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minigrad.gradcheck.differences import EPSILON, STEPS, near
from minigrad.gradcheck.findings import Disagreement, GradientCheck
from minigrad.graph import Constant, Node, Operator, Variable, backward, forward, topological_sort
from minigrad.graph.checks import unchanged
from minigrad.operators import Dropout, Where
from minigrad.operators.moving_average import Averages
from minigrad.shared.arguments import real_array


def check_gradient(
    target: Any, *inputs: Any, tolerance: float = 1e-6, elements: int = 100, seed: int = 0
) -> GradientCheck:
    """Compare the gradients of the backward sweep with central differences.

    A result that is not a single number is weighted with random numbers first, so that
    one check covers the whole vector–Jacobian product. Computed in ``float64`` whatever
    the dtype of the inputs and of a layer's weights; afterwards, every node has the
    value, the gradient and the dtype that it had. Dropout draws the same mask each time.

    Args:
        target: What to check: a function written in NumPy calls, an operator class, a
            layer, a model (called on the inputs as nodes), or a node. Weights and other
            variables that turn up in the graph are checked as well.
        inputs: Numbers and arrays to call the target with. Arrays of whole numbers or
            booleans, such as labels, are passed on and not differentiated.
        tolerance: The largest relative error that is accepted. A difference below what
            rounding does to the differences is none.
        elements: At most so many elements of each input are checked, chosen at random.
        seed: For the choice and the weights.

    Returns:
        A :class:`GradientCheck`: true if all agree, and with a readable ``repr``.

    Raises:
        TypeError: When the target gives no node.
        ValueError: When there is nothing to differentiate by, or a value is not finite.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> class Square(mg.Operator):
        ...     def forward(self, x):
        ...         return x * x
        ...     def backward(self, gradient, x):
        ...         return x * gradient                  # forgot the 2
        >>> mg.check_gradient(Square, 3.0)
        gradients disagree at 1 of 1 element
          x: backward gives 3, differences give 6, relative error 5.0e-01
          hint: the gradient of x is 0.5 times what it should be
    """
    result = target if isinstance(target, Node) else call(target, inputs)
    order = topological_sort(result)
    variables = [node for node in order if isinstance(node, Variable)]
    if not variables:
        raise ValueError(
            f"check_gradient: no variable lies upstream of {result.title}; arrays of whole numbers "
            "are taken for labels and not differentiated by: write 1.0 for 1"
        )
    random = np.random.default_rng(seed)
    weights = np.ones(result.shape)
    if result.size != 1:
        weights = random.uniform(0.5, 1.5, result.shape) * random.choice([-1.0, 1.0], result.shape)
    chooses = any(isinstance(node, Where) for node in order)
    report = GradientCheck(total=sum(variable.size for variable in variables))
    with in_float64(order) as compute:
        if not np.all(np.isfinite(compute())):
            raise ValueError(f"check_gradient: the value of {result.title} is not finite")
        twice = 2 if result.size == 1 else 1  # an operator that forgets a 1 would not be noticed
        backward(order, twice * weights)
        for variable, name in zip(variables, names_of(variables), strict=True):
            gradient, found = np.asarray(variable.gradient) / twice, list[Disagreement]()
            for i in sorted(random.permutation(variable.size)[:elements]):
                place = tuple(map(int, np.unravel_index(i, variable.shape)))
                values_at = partial(moved, compute, variable._value, place)
                numbers = compare(
                    values_at, weights, variable._value[place], gradient[place], tolerance
                )
                found.append(Disagreement(name, place, *numbers))
            report.add(found, gradient, tolerance, chooses)
    return report


def call(target: Any, inputs: Sequence[Any]) -> Node:
    """Build the graph of the target on variables that hold the inputs."""
    if not callable(target):
        raise TypeError(
            f"check_gradient wants a function, an operator class, a layer, a model or a node, "
            f"got {target!r:.60}"
        )
    nodes, names = list[Any](), argument_names(target)
    for i, value in enumerate(inputs):
        name = names[i] if i < len(names) else f"input {i}"
        if not isinstance(value, Node):
            array = real_array(f"check_gradient: {name} wants", value)
            label = array.dtype.kind in "iub" and array.ndim > 0
            value = Constant(array) if label else Variable(array, name=name, dtype=np.float64)
        nodes.append(value)
    result = target(*nodes)
    if not isinstance(result, Node):
        raise TypeError(
            f"check_gradient: the target gave {type(result).__name__}, wanted a node: "
            "is it written in NumPy calls on its arguments?"
        )
    return result


def argument_names(target: Any) -> list[str]:
    is_operator = isinstance(target, type) and issubclass(target, Operator)
    try:
        names = list(inspect.signature(target.forward if is_operator else target).parameters)
    except (TypeError, ValueError):  # np.sin and its like do not say
        return ["x", "y"] if isinstance(target, np.ufunc) else []
    return names[1:] if is_operator else names


def names_of(variables: Sequence[Variable]) -> list[str]:
    """A name for each variable; its shape is added where two have the same."""
    names = [v.name or f"variable {i}" for i, v in enumerate(variables)]
    return [
        f"{name} {'×'.join(map(str, v.shape))}" if names.count(name) > 1 else name
        for name, v in zip(names, variables, strict=True)
    ]


@contextmanager
def in_float64(order: Sequence[Node]) -> Iterator[Callable[[], np.ndarray]]:
    """Let the nodes compute in float64 for a while, and put everything back at the end.

    Gives a function that makes a forward sweep, with the same random numbers each time.
    """
    for node in order:
        _ = node._array  # a weight that is held by a plan is given back
    generators = [node.generator for node in order if isinstance(node, Dropout)]
    states = [generator.bit_generator.state for generator in generators]

    def rewind() -> None:
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state

    def compute() -> np.ndarray:
        rewind()
        return np.array(forward(order), np.float64)

    with unchanged(order), Averages(order).kept_if(None):
        for node in order:
            widen(node)
        try:
            yield compute
        finally:
            rewind()


def widen(node: Node) -> None:
    """Let a node compute in float64."""
    for attribute, held in vars(node).items():
        if isinstance(held, np.dtype) and held.kind == "f":
            setattr(node, attribute, np.dtype(np.float64))
    if isinstance(node, Constant) and node.dtype.kind == "f":
        node._value = np.array(node._value, np.float64)


def moved(
    compute: Callable[[], np.ndarray], values: np.ndarray, place: tuple[int, ...], value: float
) -> np.ndarray:
    """What is computed where one element has another value."""
    start, values[place] = values[place], value
    result, values[place] = compute(), start
    return result


def compare(
    values_at: Callable[[float], np.ndarray],
    weights: np.ndarray,
    start: float,
    analytic: float,
    tolerance: float,
) -> tuple[float, float, float, float, float, bool]:
    """Set the analytic derivative by one element against differences; see ``Disagreement``.

    A kink near the point, or a strong curvature, spoils a difference with a large step
    but not one with a small step; a wrong derivative disagrees with both.
    """
    large = near(STEPS["central"] * max(1.0, abs(start)))
    for h in (large, large / 128):
        below, here, above = (values_at(start + by) for by in (-h, 0, h))
        slopes = (above - below) / (2 * h), (here - below) / h, (above - here) / h
        numeric, left, right = (float(np.sum(weights * slope)) for slope in slopes)
        # what rounding may do to the results that change with this element
        rounding = 10 * EPSILON * float(np.sum(np.abs(weights * here)[above != below])) / h
        size = max(abs(analytic), abs(numeric), rounding / tolerance)
        error = float(abs(analytic - numeric) / size) if size else 0.0
        if error <= tolerance:
            break
    # At a kink the slopes of the two sides differ by far more than curvature or rounding
    # allow for a step this small; a gradient between the two is as good as any.
    low, high = sorted((left, right))
    margin = 1e-3 * max(abs(low), abs(high)) + rounding
    kink = high - low > 2 * margin and low - margin <= analytic <= high + margin
    error = error if np.isfinite(error) else np.inf
    return float(analytic), numeric, error, left, right, bool(kink)
