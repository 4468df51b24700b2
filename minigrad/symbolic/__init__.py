"""Symbolic expressions: derivatives as formulas.

Handed symbols, a function of NumPy calls gives its own formula. The formula is a graph as
well, and differentiating it takes one walk over that graph, with the table of rules from
any calculus course. What comes out is a formula again: to be read, simplified, printed,
evaluated, and differentiated once more.

A formula that is written out repeats what the program computed once. That *expression
swell* is the price of the method; :func:`count_operations` shows it.

``rules.py`` holds the table, ``expression.py`` the formula, ``walks.py`` what is done along it;
``simplifying.py`` makes it shorter and ``printing.py`` shows it.

Source: Baydin et al., arXiv 1502.05767, section 2.2.
"""

from minigrad.symbolic.expression import Expression, Number, Symbol
from minigrad.symbolic.printing import latex
from minigrad.symbolic.simplifying import simplify
from minigrad.symbolic.walks import count_operations, differentiate, evaluate

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


def __dir__() -> list[str]:
    return sorted(__all__)
