"""The secant under the microscope: what a difference quotient sees when its step shrinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dual import derivative

__all__ = ["microscope", "quotient"]

TYPES = {"float64": np.float64, "float32": np.float32}
POINTS = 400  # so many at most are drawn of the curve
MARGINS = {"left": 0.08, "right": 0.99, "bottom": 0.13, "top": 0.92, "wspace": 0.24}


def quotient(f: Callable[[Any], Any], x: float, h: float, dtype: Any = np.float64) -> float:
    """The forward difference quotient, (f(x + h) − f(x)) / h, with every step rounded to a type.

    Args:
        f: A function of one number, written in NumPy calls.
        x: Where.
        h: The step.
        dtype: The type in which it is computed.

    Returns:
        The quotient.

    Example:
        >>> from minigrad_course.explorers.microscope_explorer import quotient
        >>> quotient(lambda x: x * x, 3.0, 0.5)
        6.5
    """
    x, h = dtype(x), dtype(h)
    return float((f(x + h) - f(x)) / h)


def microscope(f: Callable[[Any], Any], x: float, exponent: float = -8.0) -> Any:
    """Move the step h of a difference quotient, and look at the curve that close.

    On the left the curve between x and x + h, magnified until h fills the picture, with the
    secant through its ends and the tangent. On the right the error of the secant's slope
    for every h, with a mark at the present one.

    Args:
        f: A smooth function of one number, written in NumPy calls.
        x: Where to differentiate; f and its derivative are not 0 there.
        exponent: The step to begin with, as a power of ten.

    Returns:
        An explorer with the controls ``"exponent"``, the power of ten of h, and ``"type"``,
        the type of the numbers.

    Example:
        >>> import numpy as np
        >>> from minigrad_course import explorers
        >>> explorer = explorers.microscope(np.exp, 1.0)
        >>> explorer.controls["exponent"].value = -1.0
        >>> explorer
        <Explorer: h = 1e-01 in float64: the secant's slope is off by 5.2 %>
    """
    import ipywidgets as widgets

    from minigrad.display import Explorer

    slope = float(derivative(f, float(x)))

    def picture(figure: Any, exponent: float, type: str) -> str:
        dtype, h = TYPES[type], 10.0**exponent
        figure.set_layout_engine("none")  # quicker than working the margins out each time
        left, right = figure.subplots(1, 2, gridspec_kw=MARGINS)
        draw_curve(left, f, x, h, dtype, slope)
        error = abs(quotient(f, x, h, dtype) / slope - 1)
        draw_errors(right, f, x, dtype, slope, (h, error))
        return f"h = {written(exponent)} in {type}: the secant's slope is off by {percent(error)}"

    controls = {
        "exponent": widgets.FloatSlider(
            exponent, min=-16, max=-0.5, step=0.25, description="log₁₀ h", layout={"width": "60%"}
        ),
        "type": widgets.ToggleButtons(options=list(TYPES), description="numbers"),
    }
    return Explorer(picture, controls, size=(10.0, 4.6))


def draw_curve(
    ax: Any, f: Callable[[Any], Any], x: float, h: float, dtype: Any, slope: float
) -> None:
    start = dtype(x)
    places, stairs = neighborhood(start, h)
    values = f(places)
    # In units in which a straight curve would be the diagonal of the unit square; computed in
    # float64, so that the picture adds no rounding of its own.
    across = (places.astype(float) - float(start)) / h
    up = (values.astype(float) - float(f(start))) / (h * slope)
    if stairs:
        # what lies between two numbers is rounded to the nearer one: a step around each
        look = {"drawstyle": "steps-mid", "linewidth": 1.2, "color": "#0072b2"}
        size = 6 if len(places) < 60 else 2
        name = f"f at each {np.dtype(dtype).name} there is"
        ax.plot(across, up, "o-", markersize=size, label=name, **look)
    else:
        ax.plot(across, up, "-", color="#0072b2", label="f")
    ax.plot([-0.2, 1.2], [-0.2, 1.2], ":", color="#000000", label="tangent")
    rise = quotient(f, x, h, dtype) / slope
    ax.plot([0, 1], [0, rise], "--", color="#d55e00", label="secant")
    ax.plot([0, 1], [0, rise], "s", color="#d55e00")
    ax.set(xlim=(-0.25, 1.25), ylim=(-0.75, 2.25), xlabel="distance from x, in h")
    ax.set_ylabel("f(…) − f(x), in h·f′(x)")
    ax.set_title(f"between x and x + h, h = {written(np.log10(h))}")
    ax.legend(loc="upper left", fontsize=10)


def neighborhood(start: Any, h: float) -> tuple[np.ndarray, bool]:
    """Numbers around [x, x + h]: all that the type has if they are few, else some of them."""
    gap = float(np.spacing(start))
    if 1.4 * h / gap > POINTS:
        return (float(start) + h * np.linspace(-0.2, 1.2, POINTS)).astype(start.dtype), False
    reach = np.arange(-np.floor(0.2 * h / gap) - 1, np.floor(1.2 * h / gap) + 2)
    return (float(start) + gap * reach).astype(start.dtype), True


def draw_errors(
    ax: Any,
    f: Callable[[Any], Any],
    x: float,
    dtype: Any,
    slope: float,
    here: tuple[float, float],
) -> None:
    exponents = np.arange(-16, -0.4, 0.25)
    errors = [abs(quotient(f, x, 10.0**e, dtype) / slope - 1) for e in exponents]
    ax.loglog(10.0**exponents, np.maximum(errors, 1e-17), "-", color="#0072b2")
    ax.plot(here[0], max(here[1], 1e-17), "s", color="#d55e00", markersize=10)
    ax.set(xlim=(1e-16, 1), ylim=(1e-10, 10), xlabel="step h", ylabel="relative error of the slope")
    ax.set_title("← rounding           truncation →")


def written(exponent: float) -> str:
    return f"{10.0**exponent:.0e}"


def percent(error: float) -> str:
    return f"{100 * error:.2g} %" if error >= 1e-4 else f"{error:.0e}"
