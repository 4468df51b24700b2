"""The table of derivatives: one line for each function of NumPy that formulas are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["RULES"]

# Beside a function stands, for each argument, what a derivative d of that argument adds to
# the derivative of the whole; None where that is nothing.
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
