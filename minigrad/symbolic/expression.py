"""A formula: numbers, symbols, and functions of NumPy that are applied to formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from keyword import iskeyword
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np

from minigrad.graph import topological_sort
from minigrad.shared.numpy_calls import Called
from minigrad.symbolic.rules import RULES

LONG = 500  # operations; a longer expression does not show itself unasked
KNOWN: WeakValueDictionary[Any, Any] = WeakValueDictionary()  # every expression there is
BIRTHS = count()


class Expression(Called):
    """A formula: a number, a symbol, or a NumPy function applied to formulas.

    Expressions are built by computing with symbols. Equal ones are the same object, so
    that comparing two formulas is comparing two objects: ``x + 1 is x + 1``. That is the truth
    of ``==`` between two formulas; ``x == 0`` has none, and is a condition for ``np.where``.

    Attributes:
        head: The number, the symbol's name, or the NumPy function.
        inputs: The expressions that the function is applied to.

    Raises:
        TypeError: When a NumPy function without a rule, or an array, meets an expression.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x")
        >>> np.sin(x) * x**2
        sin(x) * x**2
        >>> x + 1 is x + 1
        True
    """

    head: Any
    inputs: tuple[Expression, ...]
    operations: int  # as the formula is written out
    birth: int  # the how-manieth expression it is; for a stable order

    def __new__(cls, head: Any, *inputs: Expression) -> Self:
        self = KNOWN.get((cls, head, inputs))
        if self is None:
            self = super().__new__(cls)
            self.head, self.inputs = head, inputs
            self.operations = sum((i.operations for i in inputs), 1 if inputs else 0)
            self.birth = next(BIRTHS)
            KNOWN[cls, head, inputs] = self
        return self

    # x == 0 is a formula, for np.where; what is no number is simply another thing.
    def __eq__(self, other: Any) -> Any:
        return apply(np.equal, self, other) if is_number(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return apply(np.not_equal, self, other) if is_number(other) else NotImplemented

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __str__(self) -> str:
        from minigrad.symbolic.printing import text

        return text(self)

    def __repr__(self) -> str:
        too_long = f"<an expression of {self.operations:,} operations>"
        return str(self) if self.operations <= LONG else too_long

    def _repr_latex_(self) -> str | None:
        from minigrad.symbolic.printing import latex

        return rf"$\displaystyle {latex(self)}$" if self.operations <= LONG else None

    def __bool__(self) -> bool:
        if self.head in (np.equal, np.not_equal):
            # Of two formulas it can only be asked whether they are the same one.
            one, other = self.inputs
            if isinstance(one, Number) == isinstance(other, Number):
                return (one is other) == (self.head is np.equal)
        raise TypeError(
            f"{self!r} has no truth value: its symbols have no values yet. "
            "Use np.where(condition, a, b) in place of if."
        )

    def __float__(self) -> float:
        raise TypeError(
            f"{self!r} is a formula, not a number: use evaluate, and np.sin for math.sin"
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self!r} cannot become an array: a symbol stands for one number. "
            "Evaluate it with an array to compute many."
        )

    def _called(self, function: Any, arguments: Any, options: dict[str, Any], method: str) -> Any:
        if method or options:
            called = f"np.{function.__name__}{method}"
            raise TypeError(f"{called} of an expression takes nothing but expressions")
        return apply(function, *arguments)


class Number(Expression):
    """A number in a formula. Whole numbers and fractions are exact.

    Args:
        value: A finite real number.

    Raises:
        TypeError: When it is not one.

    Example:
        >>> import minigrad as mg
        >>> mg.symbolic.Number(2.0)
        2
    """

    def __new__(cls, value: Any) -> Self:
        if hasattr(value, "item") and value.ndim == 0:  # NumPy's numbers to Python's
            value = value.item()
        if not (isinstance(value, (int, float, Fraction)) and math.isfinite(value)):
            raise TypeError(f"an expression wants finite numbers and symbols, got {value!r:.60}")
        if value == int(value) and abs(float(value)) < 2**53:
            value = int(value)
        return super().__new__(cls, value)


class Symbol(Expression):
    """A name that stands for a number.

    Args:
        name: A valid Python name, by which :func:`evaluate` knows the symbol.

    Raises:
        ValueError: When the name is no valid one.

    Example:
        >>> import minigrad as mg
        >>> x, rate = mg.Symbol("x"), mg.Symbol("rate")
        >>> x - rate * 2 * x
        x - rate * 2 * x
    """

    def __new__(cls, name: str) -> Self:
        if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
            raise ValueError(f"a Symbol's name is a valid Python name, got {name!r}")
        return super().__new__(cls, name)


def is_number(value: Any) -> bool:
    kinds = (Expression, int, float, Fraction, np.number, np.ndarray)
    return isinstance(value, kinds)


def as_expression(value: Any) -> Expression:
    return value if isinstance(value, Expression) else Number(value)


def apply(function: Callable[..., Any], *inputs: Any) -> Expression:
    if function not in RULES:
        known = ", ".join(sorted(f.__name__ for f in RULES))
        raise TypeError(
            f"np.{function.__name__} has no symbolic rule. There are rules for: {known}"
        )
    if len(inputs) != len(RULES[function]):
        raise TypeError(
            f"np.{function.__name__} of an expression takes {len(RULES[function])} arguments, "
            f"got {len(inputs)}"
        )
    return Expression(function, *(as_expression(i) for i in inputs))


ZERO, ONE = Number(0), Number(1)


def parts(expression: Expression) -> list[Expression]:
    # An expression is a graph; each of its parts comes once, after what it is made of.
    return topological_sort(expression)  # type: ignore[arg-type, return-value]
