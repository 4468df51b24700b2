"""What is done along a formula, part by part: its derivative, its value, its length."""

import operator
from functools import reduce
from typing import Any

import numpy as np

from minigrad.symbolic.expression import ZERO, Expression, Number, as_expression, parts
from minigrad.symbolic.rules import RULES


def differentiate(expression: Any, symbol: Expression) -> Expression:
    """The derivative of a formula, as the rules give it: not simplified.

    Args:
        expression: What to differentiate.
        symbol: With respect to what: a symbol, or a part of the formula.

    Returns:
        An expression. Where a derivative does not exist (a kink), its value lies between
        those of the sides. Where the formula is x⁰, at x = 0, it is not a number until it
        is simplified.

    Raises:
        TypeError: When it is by a number, or by something that is no formula.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x")
        >>> slope = mg.symbolic.differentiate(np.sin(x) * x, x)
        >>> slope
        cos(x) * 1 * x + sin(x) * 1
        >>> mg.symbolic.simplify(slope)
        x * cos(x) + sin(x)
    """
    if not isinstance(symbol, Expression) or isinstance(symbol, Number):
        raise TypeError(
            f"differentiate wants a symbol to differentiate by, got {symbol!r:.60}: "
            'x = mg.Symbol("x") is one'
        )
    expression = as_expression(expression)
    derivatives = {symbol: as_expression(1)}  # of the parts that contain the symbol
    for part in parts(expression):
        pieces = [
            as_expression(rule(derivatives[source], part, *part.inputs))
            for rule, source in zip(RULES.get(part.head, ()), part.inputs, strict=True)
            if rule is not None and source in derivatives
        ]
        if pieces:
            derivatives[part] = reduce(operator.add, pieces)
    return derivatives.get(expression, ZERO)


def evaluate(expression: Any, /, **values: Any) -> Any:
    """The value of a formula. Parts that occur more than once are computed once.

    Args:
        expression: What to evaluate.
        values: For each symbol a number or an array; also whatever else NumPy's functions
            take, such as nodes and dual numbers.

    Returns:
        What the formula's NumPy functions return.

    Raises:
        ValueError: When a symbol has no value.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x, y = mg.Symbol("x"), mg.Symbol("y")
        >>> mg.symbolic.evaluate(x * y + 1, x=2.0, y=np.array([3.0, 4.0]))
        array([7., 9.])
    """
    expression = as_expression(expression)
    results: dict[Expression, Any] = {}
    for part in parts(expression):
        if part.inputs:
            results[part] = part.head(*(results[source] for source in part.inputs))
        elif isinstance(part, Number):
            results[part] = float(part.head)
        elif part.head in values:
            value = values[part.head]
            if isinstance(value, (list, tuple)):
                value = np.asarray(value)
            if getattr(value, "dtype", np.dtype(type(value))).kind in "iub":
                value = np.asarray(value, float)[()]  # NumPy has no integer 2**-1
            results[part] = value
        else:
            raise ValueError(f"evaluate: no value for the symbol {part}: pass {part}=…")
    return results[expression]


def count_operations(expression: Any, shared: bool = False) -> int:
    """How many operations a formula has.

    Args:
        expression: What to count in.
        shared: Count a part that occurs more than once only once, as a program that
            keeps its intermediate results would. By default count the formula as it
            is written out.

    Example:
        >>> import minigrad as mg
        >>> y = mg.Symbol("x")
        >>> for _ in range(10):
        ...     y = y * y
        >>> mg.symbolic.count_operations(y), mg.symbolic.count_operations(y, shared=True)
        (1023, 10)
    """
    expression = as_expression(expression)
    if not shared:
        return expression.operations
    return sum(1 for part in parts(expression) if part.inputs)
