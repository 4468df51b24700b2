"""Dual numbers: derivatives by forward mode.

A dual number is a value with a derivative beside it, written v + d·ε with ε² = 0. Every
rule of calculus follows from computing with such pairs::

    (a + a'ε) · (b + b'ε)  =  ab + (a'b + ab')ε        the product rule
    sin(a + a'ε)           =  sin a + (cos a · a')ε    the chain rule

So a program that is handed ``Dual(x, 1)`` in place of ``x`` computes its own derivative
while it computes its value: one sweep from inputs to results, nothing recorded. One sweep
gives one column of the Jacobian, and a gradient by n inputs takes n sweeps; the graph's
backward sweep (``graph/sweeps.py``) needs one for all inputs.

Value and derivative may themselves be dual numbers, which gives second derivatives.

Source: Baydin et al., arXiv 1502.05767, section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from minigrad.shared.arguments import real_array
from minigrad.shared.numpy_calls import ArrayLike, arguments_of, refuse_options

__all__ = ["Dual", "derivative", "gradient", "jacobian_column", "jvp"]


def linear(function: Callable[..., Any]) -> tuple[Callable[..., Any]]:
    # A linear function is its own derivative: the sum of changes is the change of the sum.
    return (lambda d, y, x, *args, **options: function(d, *args, **options),)


def largest(d: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    # The derivative of the element that is the largest; several that tie share it equally.
    winners = np.equal(x, np.max(x, axis=axis, keepdims=True))
    share = np.sum(winners, axis=axis, keepdims=True, dtype=d.dtype)
    return np.sum(d * winners / share, axis=axis, keepdims=keepdims)


def unchanged(d: Any) -> Any:
    # where a change is none, to any order
    if isinstance(d, Dual):
        return unchanged(d.value) & unchanged(d.derivative)
    return np.equal(d, 0)


def larger(a: Any, b: Any, d: Any) -> Any:
    # d where a is the larger, half of it where the two tie
    return np.where(np.greater(a, b), d, np.where(np.equal(a, b), d / 2, 0))


# One line a primitive. The key gives the value, y = f(a, b); beside it stands, for each
# argument, what a change d of that argument adds to the derivative of y. The rules are
# written in NumPy calls themselves, so that d, y, a and b may again be dual numbers, or
# formulas: ``symbolic/rules.py`` reads the same table.
RULES: dict[Callable[..., Any], tuple[Callable[..., Any] | None, ...]] = {
    np.add: (lambda d, y, a, b: d, lambda d, y, a, b: d),
    np.subtract: (lambda d, y, a, b: d, lambda d, y, a, b: -d),
    np.multiply: (lambda d, y, a, b: d * b, lambda d, y, a, b: a * d),
    np.true_divide: (lambda d, y, a, b: d / b, lambda d, y, a, b: -(y * d / b)),
    np.power: (
        # y = a**0 is constant, and y = 0**b is for b > 0: there 0 · ∞ has to come out as 0.
        lambda d, y, a, b: d * b * a ** np.where(np.equal(b, 0), 1, b - 1),
        # (And where b does not change, y = a**b has no need of log a, which a < 0 has not.)
        lambda d, y, a, b: d * y * np.log(np.where(np.equal(a, 0) | unchanged(d), 1, a)),
    ),
    np.matmul: (lambda d, y, a, b: d @ b, lambda d, y, a, b: a @ d),
    np.negative: (lambda d, y, x: -d,),
    np.exp: (lambda d, y, x: y * d,),
    np.log: (lambda d, y, x: d / x,),
    np.log1p: (lambda d, y, x: d / (1 + x),),
    np.sqrt: (lambda d, y, x: d / (2 * y),),
    np.sin: (lambda d, y, x: np.cos(x) * d,),
    np.cos: (lambda d, y, x: -(np.sin(x) * d),),
    np.tanh: (lambda d, y, x: (1 - y**2) * d,),
    np.absolute: (lambda d, y, x: np.sign(x) * d,),
    np.maximum: (  # two that tie share the derivative equally, as in the graph
        lambda d, y, a, b: larger(a, b, d),
        lambda d, y, a, b: larger(b, a, d),
    ),
    np.minimum: (lambda d, y, a, b: larger(b, a, d), lambda d, y, a, b: larger(a, b, d)),
    np.where: (
        None,  # which of the two is taken does not change with a small step
        lambda d, y, condition, a, b: np.where(condition, d, 0),
        lambda d, y, condition, a, b: np.where(condition, 0, d),
    ),
    np.sum: linear(np.sum),
    np.mean: linear(np.mean),
    np.max: (largest,),
    np.amax: (largest,),
    np.reshape: linear(np.reshape),
    np.transpose: linear(np.transpose),
    np.pad: linear(np.pad),
}

# Functions that look at the value alone. What they give is a plain number or boolean, with
# no derivative, and good for an `if`.
PLAIN = {
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.sign, np.shape, np.ndim, np.size),
}

OPTIONS = {"axis", "keepdims", "axes", "shape"}  # what the rules know beside numbers


class Dual(ArrayLike):
    """A value with its derivative beside it; an array of them is a dual of two arrays.

    Python's operators and the NumPy functions of ``minigrad.dual.RULES`` compute with it.
    Comparisons look at the value and give plain booleans, so that ``if`` and ``while``
    work as with numbers.

    Args:
        value: A number or array of any shape, of which the dual has its own copy, or a dual
            number. Integers become ``float64``; ``float32`` stays.
        derivative: The derivative of the value, of the same shape or broadcast to it.
        level: Which ε the derivative belongs to; duals of different levels do not mix.
            By default one more than that of the parts: 1 for a dual of numbers, 2 for a
            dual of duals. :func:`derivative` and the others choose a level of their own.

    Attributes:
        value: The value.
        derivative: The derivative, of the same shape and dtype.
        level: The level.

    Raises:
        TypeError: When a part is not a real number or array, or a NumPy function without
            a rule meets a dual number.
        ValueError: When the derivative does not fit the value's shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Dual(3.0, 1.0)
        >>> x * x + 1
        Dual(10.0, 6.0)
        >>> np.exp(mg.Dual([0.0, 1.0], [1.0, 0.0])).derivative
        array([1., 0.])

        A dual of duals gives the second derivative, here of x³ at 2:

        >>> (mg.Dual(mg.Dual(2.0, 1.0), mg.Dual(1.0, 0.0)) ** 3).derivative.derivative
        np.float64(12.0)
    """

    def __init__(self, value: Any, derivative: Any = 0.0, level: int | None = None) -> None:
        self._fill(copied(value), copied(derivative), level)

    def _fill(self, value: Any, derivative: Any, level: int | None) -> None:
        self.value = value if isinstance(value, Dual) else real(value)
        if not isinstance(derivative, Dual):
            derivative = real(derivative, self.dtype)
        if np.shape(derivative) != self.shape:
            derivative = stretch(derivative, self.shape, self.dtype)
        self.derivative = derivative
        self.level = level or 1 + max(level_of(value), level_of(derivative))

    def __repr__(self) -> str:
        def brief(part: Any) -> str:
            if isinstance(part, Dual):
                return repr(part)
            return np.array2string(part, separator=", ") if part.shape else str(part)

        return f"Dual({brief(self.value)}, {brief(self.derivative)})"

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Length of each axis."""
        return self.value.shape

    @property
    def dtype(self) -> np.dtype:  # type: ignore[override]
        """The dtype of the value and of the derivative."""
        return self.value.dtype

    def _called(self, function: Any, arguments: Any, options: dict[str, Any], method: str) -> Any:
        if method:
            raise TypeError(f"np.{function.__name__}{method} has no rule for dual numbers")
        return apply(function, arguments, options)

    def __getitem__(self, index: Any) -> Dual:
        return result_of(self.value[index], self.derivative[index], self.level)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        raise TypeError(
            "float() of a Dual would lose its derivative: read its value or its derivative, "
            "and use np.sin rather than math.sin"
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "a Dual inside an array would lose its derivative: "
            "Dual(array of values, array of derivatives) is an array of dual numbers"
        )


def copied(part: Any) -> Any:
    return part if isinstance(part, Dual) else np.array(real_array("Dual wants", part))


def result_of(value: Any, derivative: Any, level: int) -> Dual:
    # a dual of arrays that are nobody else's, or never written into
    result = object.__new__(Dual)
    result._fill(value, derivative, level)
    return result


def real(value: Any, dtype: Any = None) -> Any:
    array = real_array("Dual wants", value)
    if dtype is None and array.dtype.kind != "f":
        dtype = np.float64
    return np.asarray(array, dtype)[()]


def stretch(derivative: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    try:
        stretched = derivative + np.zeros(shape, dtype)
    except ValueError:
        stretched = derivative
    if np.shape(stretched) != shape:
        raise ValueError(
            f"Dual: a derivative of shape {np.shape(derivative)} does not fit "
            f"a value of shape {shape}"
        )
    return stretched


def level_of(value: Any) -> int:
    return value.level if isinstance(value, Dual) else 0


def apply(function: Callable[..., Any], arguments: Any, options: dict[str, Any]) -> Any:
    """Call a NumPy function on arguments some of which are dual numbers.

    Only the duals of the highest level are taken apart; those of lower levels are plain
    numbers to them, and the function, called on them, comes here again.
    """
    called = f"np.{function.__name__}"
    if function not in RULES and function not in PLAIN and function is not np.concatenate:
        known = ", ".join(sorted({f.__name__ for f in (*RULES, np.concatenate)}))
        raise TypeError(f"{called} has no rule for dual numbers. There are rules for: {known}.")
    if options or not isinstance(function, np.ufunc):
        arguments, options = arguments_of(function, arguments, options)
        if function is np.where:  # whose arguments have names, and no option
            arguments, options = [*arguments, *options.values()], {}
        added = {"dtype"} if function in (np.sum, np.mean) else set()  # to add up more exactly
        refuse_options(called, "a Dual", options, OPTIONS | added)
        if np.dtype(options.get("dtype")).kind != "f":
            raise TypeError(f"{called} of a Dual wants a floating-point dtype=")
    if function is np.concatenate:
        return joined(list(arguments[0]), options)

    level = max(level_of(argument) for argument in arguments)
    inner = [level_of(argument) == level for argument in arguments]
    values = [a.value if dual else plain(a) for a, dual in zip(arguments, inner, strict=True)]
    y = function(*values, **options)
    if function in PLAIN:
        return y
    derivative: Any = 0.0
    for rule, argument, dual in zip(RULES[function], arguments, inner, strict=False):
        if dual and rule is not None:
            derivative = derivative + rule(argument.derivative, y, *values, **options)
    return result_of(y, derivative, level)


def plain(argument: Any) -> Any:
    # what is multiplied otherwise than arrays are would be so in some rules only
    if isinstance(argument, np.matrix):
        raise TypeError("np.matrix has a product of its own: np.asarray(x) is an array")
    return real_array("Dual wants", argument) if np.ma.is_masked(argument) else argument


def joined(parts: list[Any], options: dict[str, Any]) -> Dual:
    # np.concatenate has any number of arguments, and is linear in all of them together: the
    # changes are joined as the values are, and a part that is a plain array changes by 0.
    level = max(level_of(part) for part in parts)
    values, changes = [], []
    for part in parts:
        inner = level_of(part) == level
        values.append(part.value if inner else part)
        changes.append(part.derivative if inner else np.zeros(np.shape(part)))
    return result_of(np.concatenate(values, **options), np.concatenate(changes, **options), level)


# Levels for the functions below. Each call takes the next, so that a derivative inside
# the function of another derivative has an ε of its own (otherwise the two are confused:
# Siskind and Pearlmutter, 2005). The steps leave room for duals that are nested by hand.
LEVELS = count(100, 100)


def jvp(f: Callable[..., Any], x: Any, direction: Any) -> tuple[Any, Any]:
    """Value and directional derivative, the Jacobian–vector product, in one forward sweep.

    Args:
        f: A function of one argument, written in NumPy calls.
        x: Where, a number or array (or a dual number).
        direction: In which direction, of the shape of x.

    Returns:
        f(x) and J·direction, both of the shape of f(x).

    Raises:
        TypeError: When f uses a NumPy function without a rule.
        ValueError: When the direction does not fit x.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> value, change = mg.dual.jvp(lambda x: x * x, np.array([1.0, 2.0]), [1.0, 10.0])
        >>> change
        array([ 2., 40.])
    """
    level = next(LEVELS)
    result = f(Dual(x, direction, level))
    if level_of(result) == level:
        return result.value, result.derivative
    return result, np.zeros(np.shape(result))[()]  # f does not depend on x


def derivative(f: Callable[..., Any], x: Any) -> Any:
    """The derivative of a function of one number.

    Args:
        f: A function of one number, written in NumPy calls. Its result may be an array.
        x: Where, a number (or a dual number).

    Returns:
        f'(x), of the shape of f(x).

    Raises:
        ValueError: When x is an array.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.dual.derivative(lambda x: x**3, 2.0)
        np.float64(12.0)

        The derivative is a function again, and can be differentiated again:

        >>> mg.dual.derivative(lambda x: mg.dual.derivative(lambda x: x**3, x), 2.0)
        np.float64(12.0)
    """
    if np.shape(x) != ():
        raise ValueError(
            f"derivative wants a number, got an array of shape {np.shape(x)}: "
            "use gradient, jvp or jacobian_column"
        )
    return jvp(f, x, 1.0)[1]


def gradient(f: Callable[..., Any], x: Any) -> Any:
    """The gradient of a function of many numbers, one forward sweep for each of them.

    Args:
        f: A function of an array, written in NumPy calls, with a single number as result.
        x: Where, an array of n numbers in any shape.

    Returns:
        An array of the shape of x. Its cost is that of n evaluations with duals.

    Raises:
        ValueError: When the result of f is not a single number.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.dual.gradient(lambda x: np.sum(x**2), np.array([1.0, 2.0, 3.0]))
        array([2., 4., 6.])
    """
    x = real(x)
    result = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        column = jacobian_column(f, x, i)
        if np.shape(column) != ():
            raise ValueError(
                f"gradient wants a function with one number as result, got shape "
                f"{np.shape(column)}: sum it, or use jacobian_column"
            )
        result[i] = column
    return result


def jacobian_column(f: Callable[..., Any], x: Any, i: Any) -> Any:
    """How all results of a function change with one of its inputs, in one forward sweep.

    Args:
        f: A function of an array, written in NumPy calls.
        x: Where, an array.
        i: Which element of x: an integer, or a tuple of one integer an axis.

    Returns:
        The derivative of f(x) with respect to x[i], of the shape of f(x).

    Raises:
        IndexError: When x has no such element.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
        >>> mg.dual.jacobian_column(lambda x: matrix @ x, np.array([5.0, 6.0]), 1)
        array([2., 4.])
    """
    x = real(x)
    direction = np.zeros(np.shape(x), x.dtype)
    direction[i] = 1.0
    return jvp(f, x, direction)[1]


def __dir__() -> list[str]:
    return sorted(__all__)
