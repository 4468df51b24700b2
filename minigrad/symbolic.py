"""Symbolic expressions: derivatives as formulas.

Handed symbols, a function of NumPy calls gives its own formula. The formula is a graph as
well, and differentiating it takes one walk over that graph, with the table of rules from
any calculus course. What comes out is a formula again: to be read, simplified, printed,
evaluated, and differentiated once more.

A formula that is written out repeats what the program computed once. That *expression
swell* is the price of the method; :func:`count_operations` shows it.

Source: Baydin et al., arXiv 1502.05767, section 2.2.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import reduce
from itertools import count
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np

from minigrad.graph import topological_sort

__all__ = [
    "Expression",
    "Number",
    "Symbol",
    "count_operations",
    "differentiate",
    "evaluate",
    "latex",
    "simplify",
]

# One line a function. Beside it stands, for each argument, what a derivative d of that
# argument adds to the derivative of the whole; None where that is nothing.
RULES: dict[Any, tuple[Callable[..., Any] | None, ...]] = {
    np.add: (lambda d, a, b: d, lambda d, a, b: d),
    np.subtract: (lambda d, a, b: d, lambda d, a, b: -d),
    np.multiply: (lambda d, a, b: d * b, lambda d, a, b: a * d),
    np.true_divide: (lambda d, a, b: d / b, lambda d, a, b: -(a * d / b**2)),
    np.power: (lambda d, a, b: b * a ** (b - 1) * d, lambda d, a, b: a**b * np.log(a) * d),
    np.negative: (lambda d, x: -d,),
    np.exp: (lambda d, x: np.exp(x) * d,),
    np.log: (lambda d, x: d / x,),
    np.sqrt: (lambda d, x: d / (2 * np.sqrt(x)),),
    np.sin: (lambda d, x: np.cos(x) * d,),
    np.cos: (lambda d, x: -(np.sin(x) * d),),
    np.tanh: (lambda d, x: (1 - np.tanh(x) ** 2) * d,),
    np.absolute: (lambda d, x: np.sign(x) * d,),
    np.maximum: (lambda d, a, b: np.where(a > b, d, 0), lambda d, a, b: np.where(a > b, 0, d)),
    np.minimum: (lambda d, a, b: np.where(a < b, d, 0), lambda d, a, b: np.where(a < b, 0, d)),
    np.where: (None, lambda d, c, a, b: np.where(c, d, 0), lambda d, c, a, b: np.where(c, 0, d)),
    np.sign: (None,),
    np.less: (None, None),
    np.less_equal: (None, None),
    np.greater: (None, None),
    np.greater_equal: (None, None),
}

SUMS = (np.add, np.subtract, np.negative)
COMPARISONS = (np.less, np.less_equal, np.greater, np.greater_equal)
LONG = 500  # operations; a longer expression does not show itself unasked


KNOWN: WeakValueDictionary[Any, Any] = WeakValueDictionary()  # every expression there is
BIRTHS = count()


class Expression(np.lib.mixins.NDArrayOperatorsMixin):
    """A formula: a number, a symbol, or a NumPy function applied to formulas.

    Expressions are built by computing with symbols. Equal ones are the same object, so
    that comparing two formulas is comparing two objects: ``x + 1 is x + 1``.

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

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __str__(self) -> str:
        return write(self, TEXT, "({})", str)

    def __repr__(self) -> str:
        too_long = f"<an expression of {self.operations:,} operations>"
        return str(self) if self.operations <= LONG else too_long

    def _repr_latex_(self) -> str | None:
        return rf"$\displaystyle {latex(self)}$" if self.operations <= LONG else None

    def __bool__(self) -> bool:
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

    # -- NumPy's protocols: np.sin(expression) is an expression ----------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(out is self for out in options.get("out", ())):  # x += y names a new expression
            del options["out"]
        if method != "__call__" or options:
            raise TypeError(f"np.{ufunc.__name__} of an expression takes nothing but expressions")
        return apply(ufunc, *inputs)

    def __array_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: Any, kwargs: Any
    ) -> Expression:
        return apply(function, *args, **kwargs)


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
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"a Symbol's name is a valid Python name, got {name!r}")
        return super().__new__(cls, name)


def as_expression(value: Any) -> Expression:
    return value if isinstance(value, Expression) else Number(value)


def apply(function: Callable[..., Any], *inputs: Any) -> Expression:
    if function not in RULES:
        known = ", ".join(sorted(f.__name__ for f in RULES))
        raise TypeError(
            f"np.{function.__name__} has no symbolic rule. There are rules for: {known}"
        )
    return Expression(function, *(as_expression(i) for i in inputs))


ZERO, ONE = Number(0), Number(1)


def parts(expression: Expression) -> list[Expression]:
    # An expression is a graph; each of its parts comes once, after what it is made of.
    return topological_sort(expression)  # type: ignore[arg-type, return-value]


def differentiate(expression: Any, symbol: Expression) -> Expression:
    """The derivative of a formula, as the rules give it: not simplified.

    Args:
        expression: What to differentiate.
        symbol: With respect to what.

    Returns:
        An expression. Where a derivative does not exist (a kink), it has the value of
        one of the sides.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x")
        >>> slope = mg.symbolic.differentiate(np.sin(x) * x, x)
        >>> slope
        cos(x) * 1 * x + sin(x) * 1
        >>> mg.symbolic.simplify(slope)
        x * cos(x) + sin(x)
    """
    expression = as_expression(expression)
    derivatives = {symbol: as_expression(1)}  # of the parts that contain the symbol
    for part in parts(expression):
        pieces = [
            as_expression(rule(derivatives[source], *part.inputs))
            for rule, source in zip(RULES.get(part.head, ()), part.inputs, strict=True)
            if rule is not None and source in derivatives
        ]
        if pieces:
            derivatives[part] = reduce(operator.add, pieces)
    return derivatives.get(expression, ZERO)


def evaluate(expression: Any, **values: Any) -> Any:
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


# -- simplifying: sums as {term: coefficient}, products as {base: exponent} ------------


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
        elif part.head is np.power and isinstance(part.inputs[1], Number) and whole:
            waiting.append((part.inputs[0], exponent * part.inputs[1].head))
        elif part.head is np.sqrt and whole:
            waiting.append((part.inputs[0], exponent * Fraction(1, 2)))
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


# -- printing: how tightly a form binds, the form, how tightly its inputs have to bind --

TEXT: dict[Any, tuple[int, str, tuple[int, ...]]] = {
    np.less: (0, "{} < {}", (1, 1)),
    np.less_equal: (0, "{} <= {}", (1, 1)),
    np.greater: (0, "{} > {}", (1, 1)),
    np.greater_equal: (0, "{} >= {}", (1, 1)),
    np.add: (1, "{} + {}", (1, 2)),
    np.subtract: (1, "{} - {}", (1, 2)),
    np.negative: (1, "-{}", (2,)),
    np.multiply: (2, "{} * {}", (2, 3)),
    np.true_divide: (2, "{} / {}", (2, 3)),
    np.power: (4, "{}**{}", (5, 5)),
    np.absolute: (9, "abs({})", (0,)),
    Fraction: (2, "{} / {}", ()),
}

LATEX = TEXT | {
    np.less_equal: (0, r"{} \le {}", (1, 1)),
    np.greater_equal: (0, r"{} \ge {}", (1, 1)),
    np.multiply: (2, r"{} \cdot {}", (2, 3)),
    np.true_divide: (3, r"\frac{{{}}}{{{}}}", (0, 0)),
    np.power: (4, "{}^{{{}}}", (5, 0)),
    np.exp: (4, "e^{{{}}}", (0,)),
    np.sqrt: (9, r"\sqrt{{{}}}", (0,)),
    np.absolute: (9, r"\left|{}\right|", (0,)),
    np.sin: (9, r"\sin\left({}\right)", (0,)),
    np.cos: (9, r"\cos\left({}\right)", (0,)),
    np.tanh: (9, r"\tanh\left({}\right)", (0,)),
    np.log: (9, r"\log\left({}\right)", (0,)),
    np.sign: (9, r"\operatorname{{sign}}\left({}\right)", (0,)),
    np.maximum: (9, r"\max\left({}, {}\right)", (0, 0)),
    np.minimum: (9, r"\min\left({}, {}\right)", (0, 0)),
    np.where: (
        2,
        r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        (0, 0, 0),
    ),
    Fraction: (3, r"\frac{{{}}}{{{}}}", ()),
}


def latex(expression: Any) -> str:
    r"""The formula in LaTeX, as a notebook shows it.

    Args:
        expression: What to print.

    Returns:
        LaTeX without dollar signs.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Symbol("x1")
        >>> print(mg.symbolic.latex(np.sqrt(x) / (x + 1) ** 2))
        \frac{\sqrt{x_{1}}}{\left(x_{1} + 1\right)^{2}}
    """
    return write(as_expression(expression), LATEX, r"\left({}\right)", latex_name)


def latex_name(name: str) -> str:
    stem, digits = re.fullmatch(r"(.+?)_?(\d*)", name).groups()  # type: ignore[union-attr]
    if len(stem) > 1:
        stem = r"\mathrm{" + stem.replace("_", r"\_") + "}"
    return f"{stem}_{{{digits}}}" if digits else stem


def write(
    expression: Expression, forms: dict[Any, Any], brackets: str, name: Callable[[str], str]
) -> str:
    written: dict[Expression, tuple[int, str]] = {}  # how tightly it binds, and the text
    for part in parts(expression):
        if isinstance(part, Symbol):
            written[part] = 9, name(part.head)
        elif isinstance(part, Number):
            fraction = isinstance(part.head, Fraction)
            binds, form, _ = forms[Fraction] if fraction else (9, "{!r}", ())
            text = form.format(*part.head.as_integer_ratio() if fraction else [part.head])
            written[part] = (binds if part.head >= 0 else 1), text
        else:
            call = f"{part.head.__name__}({', '.join('{}' for _ in part.inputs)})"
            binds, form, wants = forms.get(part.head, (9, call, (0,) * len(part.inputs)))
            inputs = [written[source] for source in part.inputs]
            texts = [
                text if has >= want else brackets.format(text)
                for (has, text), want in zip(inputs, wants, strict=True)
            ]
            written[part] = binds, form.format(*texts)
    return written[expression][1]
