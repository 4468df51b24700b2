"""Derivatives by finite differences: from the values of a function alone.

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

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.shared.arguments import real_array

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
        TypeError: When x is not of real numbers, or the complex step meets a function that
            gives them.

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
    x = np.array(real_array("finite_difference wants", x), np.float64)
    columns = [slope_at(f, x, i, method, step) for i in np.ndindex(x.shape)]
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


def slope_at(f: Callable[..., Any], x: Any, i: Any, method: str, step: float | None) -> Any:
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
    h = step or near(h * max(1.0, abs(x[i])))
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
            left, here, right = map(f_at, (-h, 0.0, h))
            central = (right - left) / (2 * h)
            bend = np.abs(right - 2 * here + left) / h  # how far the slopes of the sides differ
            rounding = 100 * EPSILON * np.maximum(np.abs(right), np.abs(left)) / h
        if np.all(np.abs(central - slope) <= 1e-3 * (np.abs(slope) + bend) + rounding):
            return True
    return False
