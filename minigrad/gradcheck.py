"""Derivatives by finite differences, and the gradient check that rests on them.

A derivative is the limit of a quotient, so the quotient for a small step is close to it::

    forward        (f(x + h) − f(x)) / h           error of order h     best h ≈ √ε
    central        (f(x + h) − f(x − h)) / 2h      error of order h²    best h ≈ ∛ε
    complex step   Im f(x + ih) / h                error of order h²    any tiny h

With smaller h the formula gets better and the subtraction worse: of two numbers that
agree in most digits, few digits are left (ε = 2.2e-16 is the rounding of float64). The
complex step subtracts nothing, so h = 1e-20 gives every digit; it wants a function that
is written in operations that are analytic on complex numbers, which ``|x|`` is not.

All three need an evaluation or two for each input. Too slow to train with, they need no
rule of calculus at all: the independent answer that a gradient is checked against.

Source: Baydin et al., arXiv 1502.05767, section 2.1; Martins, Sturdza and Alonso (2003),
"The complex-step derivative approximation".
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.graph import Constant, Node, Operator, Variable, backward, forward, topological_sort
from minigrad.operators import Where

__all__ = ["Disagreement", "GradientCheck", "check_gradient", "finite_difference"]

EPSILON = float(np.finfo(np.float64).eps)
STEPS = {"forward": EPSILON ** (1 / 2), "central": EPSILON ** (1 / 3), "complex": 1e-20}


def finite_difference(
    f: Callable[..., Any],
    x: Any,
    method: str = "central",
    step: float | None = None,
    cotangent: Any = None,
) -> Any:
    """The derivative of a function, from its values alone.

    Args:
        f: A function of one number or array, with a number or array as result.
        x: Where, a number or an array; computed in ``float64``.
        method: ``"forward"``, ``"central"`` or ``"complex"``.
        step: The step h. By default √ε and ∛ε, times ``|x|`` where that is above 1, and
            1e-20 for the complex step.
        cotangent: An array of the shape of f(x): weights of the results, for a
            vector–Jacobian product in place of the Jacobian.

    Returns:
        The Jacobian, of shape ``(*shape of f(x), *shape of x)``; for a function with a single
        number as result that is its gradient. With a cotangent, an array of x's shape.

    Raises:
        ValueError: When the method is unknown, the step not positive, or the cotangent
            does not fit; when the complex step, by default, is no derivative, since a central
            difference gives another.
        TypeError: When the complex step meets a function that gives real numbers.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> for method in "forward", "central", "complex":
        ...     error = abs(mg.finite_difference(np.sin, 1.0, method) - np.cos(1.0))
        ...     print(method, error < 1e-7, error < 1e-9, error < 1e-15)
        forward True False False
        central True True False
        complex True True True
        >>> mg.finite_difference(lambda x: x**2, np.array([1.0, 2.0])).round(6)
        array([[2., 0.],
               [0., 4.]])
    """
    if method not in STEPS:
        raise ValueError(f"finite_difference: method is one of {', '.join(STEPS)}, got {method!r}")
    if step is not None and not step > 0:
        raise ValueError(f"finite_difference: step is a positive number, got {step}")
    x = np.array(x, np.float64)
    columns = [partial(f, x, i, method, step) for i in np.ndindex(x.shape)]
    shape = columns[0].shape if columns else np.shape(f(x))
    # columns of all results for one input → the last axes run over the inputs
    jacobian = np.stack(columns, axis=-1) if columns else np.zeros((*shape, 0))
    jacobian = jacobian.reshape((*shape, *x.shape))
    if cotangent is None:
        return jacobian[()]
    if np.shape(cotangent) != shape:
        raise ValueError(
            f"finite_difference: cotangent has shape {np.shape(cotangent)}, f(x) has {shape}"
        )
    return np.tensordot(cotangent, jacobian, axes=len(shape))[()]


def partial(f: Callable[..., Any], x: Any, i: Any, method: str, step: float | None) -> Any:
    """The derivative of all results with respect to the element i."""

    def f_at(by: complex) -> Any:
        other = x.astype(type(by))
        other[i] += by
        result = np.array(f(other[()]))  # a copy: f may use its memory again
        return result.astype(np.float64) if result.dtype.kind in "iub" else result

    # One formula a method. A power of two near the default step keeps x + h exact.
    h = step or STEPS[method]
    if method == "complex":
        result = f_at(1j * h)
        if result.dtype.kind != "c":
            raise TypeError(
                f"finite_difference: f gave {result.dtype} for a complex number, so it loses "
                "the imaginary part; use method='central'"
            )
        if step is None and not analytic(f_at, result.imag / h, abs(x[i])):
            raise ValueError(
                "finite_difference: f is not analytic, or not real, near "
                f"{x[i]:.6g}: a central difference differs from the complex step; use "
                "method='central'"
            )
        return result.imag / h
    if step is None:
        h = near(h * max(1.0, abs(x[i])))
    if method == "forward":
        return (f_at(h) - f_at(0.0)) / h
    return (f_at(h) - f_at(-h)) / (2 * h)


def near(step: float) -> float:
    # a power of two, so that x + h is exact
    return float(2.0 ** np.round(np.log2(step)))


def analytic(f_at: Callable[[float], Any], slope: Any, size: float) -> bool:
    """Whether a central difference, with one of three steps, confirms the complex step."""
    if not np.all(np.isfinite(slope)):
        return True  # seen by everybody
    large = STEPS["central"] * max(1.0, size)
    for h in map(near, (large, large / 64, STEPS["central"] * size or large)):
        with np.errstate(all="ignore"):
            right, left = f_at(h), f_at(-h)
            central = (right - left) / (2 * h)
            rounding = 100 * EPSILON * np.maximum(np.abs(right), np.abs(left)) / h
        if np.all(np.abs(central - slope) <= 1e-3 * np.abs(slope) + rounding):
            return True
    return False


@dataclass(frozen=True)
class Disagreement:
    """An element of an input at which two derivatives differ.

    Attributes:
        name: Name of the input.
        index: Which element.
        analytic: What the backward sweep gives.
        numeric: What central differences give.
        relative_error: Their difference, relative to the larger of the two.
        left: The slope to the left of the point.
        right: The slope to the right of it.
        kink: Whether these two differ so much that the function has a kink there.

    Example:
        >>> from minigrad.gradcheck import Disagreement
        >>> Disagreement("x", (0, 1), 2.0, 4.0, 0.5, 4.0, 4.0).place
        'x[0, 1]'
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float
    left: float
    right: float
    kink: bool = False

    @property
    def place(self) -> str:
        """The input's name with the index, as in ``kernel[0, 1]``."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


@dataclass
class GradientCheck:
    """What a gradient check found; its ``repr`` says it in words.

    Attributes:
        checked: How many elements were checked.
        total: How many elements the inputs have.
        worst_error: The largest relative error, kinks left out.
        worst_place: Where it is.
        mistakes: Elements at which backward sweep and differences disagree.
        kinks: Elements at which they disagree because the function has a kink there:
            from the left it has another slope than from the right.
        hints: What a mistake looks like, such as a flipped sign.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.check_gradient(np.sin, 1.0).ok
        True
    """

    checked: int = 0
    total: int = 0
    worst_error: float = 0.0
    worst_place: str = ""
    mistakes: list[Disagreement] = field(default_factory=list)
    kinks: list[Disagreement] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the gradients agree."""
        return not self.mistakes

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        some = f"{self.checked} of {self.total}" if self.checked < self.total else f"{self.total}"
        elements = f"{some} element{'s' * (self.total != 1)}"
        if self.ok:
            lines = [
                f"gradients agree at {elements}, "
                f"worst relative error {self.worst_error:.1e} at {self.worst_place}"
            ]
        else:
            lines = [f"gradients disagree at {len(self.mistakes)} of {elements}"]
            worst = sorted(self.mistakes, key=lambda m: -m.relative_error)
            lines += [
                f"  {m.place}: backward gives {m.analytic:.6g}, differences give "
                f"{m.numeric:.6g}, relative error {m.relative_error:.1e}"
                for m in worst[:5]
            ]
            lines += [f"  and {len(worst) - 5} more"] * (len(worst) > 5)
        lines += [f"  hint: {hint}" for hint in self.hints]
        lines += [
            f"  {k.place} seems to be a kink: slope {k.left:.6g} to the left, "
            f"{k.right:.6g} to the right, backward gives {k.analytic:.6g}"
            for k in self.kinks[:5]
        ]
        return "\n".join(lines)

    def raise_if_wrong(self) -> None:
        """Do nothing if the gradients agree.

        Raises:
            AssertionError: When they do not, with everything that was found.
        """
        if not self.ok:
            raise AssertionError(repr(self))


def check_gradient(
    target: Any,
    *inputs: Any,
    tolerance: float = 1e-6,
    elements: int = 100,
    seed: int = 0,
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

    with in_float64(order) as rewind:

        def compute() -> np.ndarray:
            rewind()
            return np.array(forward(order), np.float64)

        if not np.all(np.isfinite(compute())):
            raise ValueError(f"check_gradient: the value of {result.title} is not finite")
        backward(order, weights)
        report = GradientCheck(total=sum(variable.size for variable in variables))
        for variable, name in zip(variables, names_of(variables), strict=True):
            analytic = np.asarray(variable.gradient)
            flat = random.permutation(variable.size)[:elements]
            places = [tuple(map(int, np.unravel_index(i, variable.shape))) for i in sorted(flat)]
            found = [
                compare(compute, weights, variable._value, name, p, analytic[p], tolerance)
                for p in places
            ]
            chooses = any(isinstance(node, Where) for node in order)
            add_findings(report, found, analytic, tolerance, chooses)
    return report


def call(target: Any, inputs: Sequence[Any]) -> Node:
    """Build the graph of the target on variables that hold the inputs."""
    if not callable(target):
        raise TypeError(
            f"check_gradient wants a function, an operator class, a layer, a model or a node, "
            f"got {target!r:.60}"
        )
    names = argument_names(target)
    nodes: list[Any] = []
    for i, value in enumerate(inputs):
        array = np.asarray(0.0 if isinstance(value, Node) else value)
        if isinstance(value, Node):
            nodes.append(value)
        elif array.dtype.kind in "iub" and array.ndim > 0:
            nodes.append(Constant(array))
        else:
            name = names[i] if i < len(names) else f"input {i}"
            nodes.append(Variable(array, name=name, dtype=np.float64))
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
def in_float64(order: Sequence[Node]) -> Iterator[Callable[[], None]]:
    """Let the nodes compute in float64 for a while, and put everything back at the end.

    Gives a function that rewinds the random generators of the nodes, so that each
    forward sweep draws the same numbers.
    """
    for node in order:
        _ = node._array  # a weight that is lent is given back
    before = [dict(vars(node)) for node in order]
    generators = [g for n in order if (g := getattr(n, "generator", None)) is not None]
    states = [g.bit_generator.state for g in generators]

    def rewind() -> None:
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state

    try:
        for node in order:
            for attribute, held in vars(node).items():
                if isinstance(held, np.dtype) and held.kind == "f":
                    setattr(node, attribute, np.dtype(np.float64))
            if isinstance(node, Constant) and node.dtype.kind == "f":
                node._value = np.array(node._value, np.float64)
        yield rewind
    finally:
        rewind()
        for node, attributes in zip(order, before, strict=True):
            vars(node).clear()
            vars(node).update(attributes)


def compare(
    compute: Callable[[], np.ndarray],
    weights: np.ndarray,
    values: np.ndarray,
    name: str,
    place: tuple[int, ...],
    analytic: float,
    tolerance: float,
) -> Disagreement:
    """Set the analytic derivative by one element against differences.

    A kink near the point, or a strong curvature, spoils a difference with a large step
    but not one with a small step; a wrong derivative disagrees with both.
    """
    start = values[place]
    large = near(STEPS["central"] * max(1.0, abs(start)))
    for h in (large, large / 128):
        below, here, above = (moved(compute, values, place, start + by) for by in (-h, 0, h))
        numeric, left, right = (
            float(np.sum(weights * difference))
            for difference in ((above - below) / (2 * h), (here - below) / h, (above - here) / h)
        )
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
    return Disagreement(name, place, float(analytic), numeric, error, left, right, bool(kink))


def moved(
    compute: Callable[[], np.ndarray], values: np.ndarray, place: tuple[int, ...], value: float
) -> np.ndarray:
    start = values[place]
    values[place] = value
    result = compute()
    values[place] = start
    return result


def add_findings(
    report: GradientCheck,
    found: list[Disagreement],
    gradient: np.ndarray,
    tolerance: float,
    chooses: bool,
) -> None:
    wrong = [d for d in found if d.relative_error > tolerance]
    kinks = [d for d in wrong if d.kink]
    mistakes = [d for d in wrong if not d.kink]
    sound = [d for d in found if d not in kinks]
    report.checked += len(found)
    report.kinks += kinks
    report.mistakes += mistakes
    for d in sound:
        if d.relative_error >= report.worst_error:
            report.worst_error, report.worst_place = d.relative_error, d.place
    hint = explain(sound, gradient, chooses) if mistakes else None
    report.hints += [hint] if hint else []


DOUBLE_WHERE = (
    "np.where differentiates the branch that it does not take as well, and 0 · ∞ is not a number. "
    "Choose within the branch, too: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)"
)


def explain(found: list[Disagreement], gradient: np.ndarray, chooses: bool) -> str | None:
    """What a wrong gradient looks like: not a number, zero, a multiple, transposed; or None."""
    name = found[0].name
    analytic = np.array([d.analytic for d in found])
    numeric = np.array([d.numeric for d in found])

    def alike(a: Any, b: Any) -> bool:
        return np.allclose(a, b, rtol=1e-3, atol=1e-3 * np.max(np.abs(b)))

    if not np.all(np.isfinite(analytic)):
        return f"the gradient of {name} is not finite. {DOUBLE_WHERE if chooses else ''}".strip()
    if not analytic.any():
        return f"the gradient of {name} is zero everywhere: does backward forget this input?"
    factor = float(analytic @ numeric / max(numeric @ numeric, 1e-300))
    if factor and abs(factor - 1) > 1e-3 and alike(analytic, factor * numeric):
        if abs(factor + 1) < 1e-3:
            return f"the gradient of {name} has its sign flipped"
        return f"the gradient of {name} is {factor:.4g} times what it should be"
    if gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1]:
        if alike([gradient.T[d.index] for d in found], numeric):
            return f"the gradient of {name} is transposed"
    return None


def __dir__() -> list[str]:
    return sorted(__all__)
