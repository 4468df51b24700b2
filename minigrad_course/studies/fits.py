"""A straight line through measurements: the fixed cost, the cost of each step, and how sure we are.

Whatever a program does once (import, trace, compile) is the line's value at zero steps; whatever
it does in each step is the slope. The two are told apart by measuring several sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

__all__ = ["Line", "crossing", "straight_line"]


@dataclass(frozen=True)
class Line:
    """A straight line with its standard errors.

    Attributes:
        fixed: Its value at zero.
        slope: What one more unit adds.
        fixed_error: Standard error of ``fixed``.
        slope_error: Standard error of ``slope``.
        r_squared: Share of the variance that the line explains, 1 for points upon a line.
        points: How many points it was drawn through.
    """

    fixed: float
    slope: float
    fixed_error: float
    slope_error: float
    r_squared: float
    points: int

    def at(self, x: Any) -> Any:
        """The line's value at ``x``, a number or an array."""
        return self.fixed + self.slope * np.asarray(x, float)

    def as_dict(self) -> dict[str, float]:
        """What JSON can hold."""
        return asdict(self)


def straight_line(x: Sequence[float], y: Sequence[float], relative: bool = False) -> Line:
    """The line of least squares.

    The standard errors are those of ordinary least squares, from the scatter of the points about
    the line: ``s² (XᵀX)⁻¹`` with ``s²`` the sum of squared residuals over n − 2.

    Args:
        x: Where was measured, at least three numbers, not all the same.
        y: What was measured.
        relative: Whether errors grow with ``y``: each point then counts by the inverse of its own
            size, so that hours do not drown seconds.

    Returns:
        The line.

    Raises:
        ValueError: There are fewer than three points, or all have the same x.

    Example:
        >>> line = straight_line([1, 2, 3], [5.0, 7.0, 9.0])
        >>> round(line.fixed, 6), round(line.slope, 6)
        (3.0, 2.0)
    """
    x_, y_ = np.asarray(x, float), np.asarray(y, float)
    if len(x_) < 3 or np.ptp(x_) == 0:
        raise ValueError(f"straight_line wants three points at different x, got {len(x_)}: {x}")
    weights = 1 / np.abs(y_) if relative else np.ones_like(y_)
    weights = weights / weights.mean()
    design = np.stack([np.ones_like(x_), x_], axis=1) * weights[:, None]  # (point, coefficient)
    target = y_ * weights
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ target
    residuals = target - design @ coefficients
    scatter = float(residuals @ residuals) / (len(x_) - 2)
    errors = np.sqrt(scatter * np.diag(inverse))
    average = float(np.average(y_, weights=weights**2))
    total = float(np.sum((weights * (y_ - average)) ** 2))
    explained = 1 - float(residuals @ residuals) / total if total > 0 else 1.0
    fixed, slope = map(float, coefficients)
    return Line(fixed, slope, float(errors[0]), float(errors[1]), explained, len(x_))


def crossing(first: Line, second: Line) -> float | None:
    """Where two lines cross at a positive x.

    Args:
        first: A line.
        second: Another.

    Returns:
        The x, or ``None`` where they do not cross there.

    Example:
        >>> cheap_start = straight_line([0, 1, 2], [1.0, 3.0, 5.0])
        >>> cheap_step = straight_line([0, 1, 2], [4.0, 4.5, 5.0])
        >>> round(crossing(cheap_start, cheap_step), 6)
        2.0
    """
    if first.slope == second.slope:
        return None
    x = (second.fixed - first.fixed) / (first.slope - second.slope)
    return float(x) if x > 0 else None
