"""The same formula, shorter: sums as {term: coefficient}, products as {base: exponent}."""

import operator
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from minigrad.symbolic.expression import ONE, ZERO, Expression, Number, as_expression, parts

SUMS = (np.add, np.subtract, np.negative)
COMPARISONS = (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)


def simplify(expression: Any) -> Expression:
    """The same formula, shorter: numbers computed, equal terms and factors collected.

    The value stays the same wherever the formula given has one. It does not expand
    products of sums, and knows no identities of sine and cosine.

    Args:
        expression: What to simplify.

    Returns:
        An expression.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x")
        >>> mg.symbolic.simplify(0 * x + 1 * x + x + 2 * 3)
        2 * x + 6
        >>> mg.symbolic.simplify(3 * x**2 / x)
        3 * x
    """
    expression = as_expression(expression)
    order = parts(expression)
    # A sum within a sum is left to the outermost: what is used by no sum, or not only.
    outermost = {expression}
    outermost.update(i for part in order if part.head not in SUMS for i in part.inputs)
    simpler: dict[Expression, Expression] = {}
    for part in order:
        inputs = [simpler[source] for source in part.inputs]
        if not inputs:
            simpler[part] = part
        elif part.head in SUMS and part not in outermost:
            simpler[part] = Expression(part.head, *inputs)
        else:
            simpler[part] = tidy(part.head, inputs)
    return simpler[expression]


def tidy(function: Any, inputs: list[Expression]) -> Expression:
    """Simplify a function of expressions that are simple already."""
    whole = Expression(function, *inputs)
    if function in SUMS:
        return build_sum(collect_terms(whole))
    numbers = [i.head for i in inputs if isinstance(i, Number)]
    if len(numbers) == len(inputs):
        # sqrt(4), log(1), 2 < 3; sin(2) stays. (Of small numbers: exp(-999) is not 0.)
        with np.errstate(all="ignore"):
            value = float(function(*map(float, numbers)))
        if function in COMPARISONS or (value.is_integer() and all(abs(n) < 17 for n in numbers)):
            return Number(value)
    if function in (np.multiply, np.true_divide, np.power, np.sqrt):
        return build_product(*collect_factors(whole))
    if (function, inputs[0].head) in ((np.log, np.exp), (np.exp, np.log)):
        return inputs[0].inputs[0]
    if function in (np.where, np.maximum, np.minimum) and inputs[-1] is inputs[-2]:
        return inputs[-1]
    if function is np.where and isinstance(inputs[0], Number):
        return inputs[1] if inputs[0].head else inputs[2]
    return whole


def collect_terms(expression: Expression) -> dict[Expression, Any]:
    """A sum as terms with coefficients: x - 2 y + x is {x: 2, y: -2}."""
    terms: dict[Expression, Any] = {}
    # How often each part is in the sum: the gradient by that part, by a backward sweep.
    shares: dict[Expression, int] = {expression: 1}
    for part in reversed(parts(expression)):
        share = shares.get(part, 0)
        if share and part.head in SUMS:
            signs = {np.add: (1, 1), np.subtract: (1, -1), np.negative: (-1,)}[part.head]
            for source, sign in zip(part.inputs, signs, strict=True):
                shares[source] = shares.get(source, 0) + sign * share
        elif share:
            coefficient, factors = collect_factors(part)
            term = build_product(1, factors)
            terms[term] = terms.get(term, 0) + share * coefficient
    return terms


def collect_factors(expression: Expression) -> tuple[Any, dict[Expression, Any]]:
    """A product as a coefficient and bases with exponents: 2 x / y is 2, {x: 1, y: -1}."""
    coefficient: Any = 1
    factors: dict[Expression, Any] = {}
    waiting: list[tuple[Expression, Any]] = [(expression, 1)]
    while waiting:
        part, exponent = waiting.pop()
        whole = exponent == int(exponent)  # (a·b)**½ is not √a·√b where both are negative
        if part.head is np.multiply and whole:
            waiting += [(part.inputs[1], exponent), (part.inputs[0], exponent)]
        elif part.head is np.true_divide and whole:
            waiting += [(part.inputs[1], -exponent), (part.inputs[0], exponent)]
        elif part.head is np.negative and whole:
            waiting.append((part.inputs[0], exponent))
            coefficient *= (-1) ** int(abs(exponent))
        elif whole and (power := exponent_of(part)) is not None:
            waiting.append((part.inputs[0], exponent * power))
        elif isinstance(part, Number) and whole and abs(exponent) < 17 and part is not ZERO:
            base = Fraction(part.head) if isinstance(part.head, int) else part.head
            coefficient *= base ** int(exponent)
        else:
            total = factors.pop(part, 0) + exponent
            if part is ONE or (part is ZERO and total > 0):
                coefficient *= part.head
            elif total == int(total) and total != exponent:
                waiting.append((part, total))  # √2 · √2 = 2 can be taken apart again
            elif total:
                factors[part] = total
    return coefficient, factors


def exponent_of(part: Expression) -> Any:
    # 3 of x**3, and ½ of a root; None of what is no power
    if part.head is np.power and isinstance(part.inputs[1], Number):
        return part.inputs[1].head
    return Fraction(1, 2) if part.head is np.sqrt else None


def build_sum(terms: dict[Expression, Any]) -> Expression:
    # The highest degree first, as polynomials are written; no minus in front if there is
    # a choice.
    def place(item: tuple[Expression, Any]) -> tuple[Any, ...]:
        term, coefficient = item
        degree = sum(collect_factors(term)[1].values())
        return coefficient < 0, -degree, -term.operations, term.birth

    kept = sorted(((term, c) for term, c in terms.items() if c), key=place)
    total: Expression = ZERO
    for term, c in kept:
        if total is ZERO:
            total = scale(c, term)
        elif c > 0:
            total = total + scale(c, term)
        else:
            total = total - scale(-c, term)
    return total


def scale(coefficient: Any, term: Expression) -> Expression:
    own, factors = collect_factors(term)
    return build_product(coefficient * own, factors)


def build_product(coefficient: Any, factors: dict[Expression, Any]) -> Expression:
    if coefficient == 0 or not factors:
        return Number(coefficient)
    over: list[Expression] = []
    under: list[Expression] = []
    size = abs(coefficient)
    numerator, denominator = (size, 1) if isinstance(size, float) else size.as_integer_ratio()
    if numerator != 1:
        over.append(Number(numerator))
    if denominator != 1:
        under.append(Number(denominator))
    for base in sorted(factors, key=lambda base: (base.operations, base.birth)):
        exponent = abs(factors[base])
        root: Any = np.sqrt(base) if exponent == Fraction(1, 2) else base ** Number(exponent)
        (over if factors[base] > 0 else under).append(base if exponent == 1 else root)
    product = reduce(operator.mul, over) if over else ONE
    if under:
        product = product / reduce(operator.mul, under)
    return -product if coefficient < 0 else product
