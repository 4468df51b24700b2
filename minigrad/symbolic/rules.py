"""The table of derivatives, read by formulas.

Forward mode and formulas are the same table read by other numbers. A dual number hands the rule
``d * np.cos(x)`` two numbers and gets a number; a formula hands it two formulas and gets a
formula. So the rules stand once, in ``minigrad/dual.py``; here stands which of them a formula
takes: those of functions that work on each number by itself, since a symbol is one number.

One rule is written as the books have it, without the care that numbers need at 0⁰. A formula
that is to be read is worth more without it: d xʸ/dx = y·xʸ⁻¹.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dual

# Beside a function stands, for each argument, what a derivative d of that argument adds to
# the derivative of the whole; None where that is nothing. (y is the whole itself.)
RULES: dict[Any, tuple[Callable[..., Any] | None, ...]] = {
    function: rules
    for function, rules in dual.RULES.items()
    if function is np.where or (isinstance(function, np.ufunc) and function is not np.matmul)
}
RULES |= {f: (None,) * f.nin for f in dual.PLAIN if isinstance(f, np.ufunc)}
RULES[np.power] = (lambda d, y, a, b: b * a ** (b - 1) * d, lambda d, y, a, b: y * np.log(a) * d)
