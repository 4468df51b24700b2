"""Lecture 08: a coin made soft. The temperature trades a wrong mean for a large scatter."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.display import Explorer

__all__ = ["temperature"]

TAUS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
TICKS = (0.02, 0.1, 0.5, 2.0)
P, TARGET = 0.2, 0.49
TRUTH = (1 - TARGET) ** 2 - TARGET**2  # of the mean of (X − 0.49)²: f(1) − f(0)
DICE = (np.arange(20_000) + 0.5) / 20_000  # a grid in place of chance: nothing trembles


def temperature(tau: float = 0.5) -> Explorer:
    """Move the temperature of a softened coin, and see slope and scatter of what it says.

    Args:
        tau: The temperature, one of those on the slider.

    Returns:
        An explorer with one control, ``"tau"``.

    Raises:
        ValueError: When the slider has no such temperature.

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.temperature(tau=1.0)
        <Explorer: temperature 1: slope -0.214, scatter 0.35. The truth is +0.020.>
    """
    import ipywidgets as widgets

    if tau not in TAUS:
        raise ValueError(f"temperature: one of {TAUS} was wanted, got {tau}")
    slider = widgets.SelectionSlider(
        options={f"{each:g}": each for each in TAUS},
        value=tau,
        description="temperature",
        style={"description_width": "initial"},
        layout={"width": "60%"},
    )
    return Explorer(paint, {"tau": slider}, size=(9.0, 4.2))


def softened(tau: float, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A soft coin, S = σ((log(p/(1 − p)) + log(u/(1 − u))) / τ), and dS/dp, for u in (0, 1)."""
    # u counted from above: heads are where it is large, as in the formula of the literature
    z = (np.log(P / (1 - P)) + np.log(u / (1 - u))) / tau
    soft = 0.5 * (1 + np.tanh(z / 2))  # the logistic function, without overflow
    return soft, 0.25 / np.cosh(np.clip(z / 2, -300, 300)) ** 2 / (tau * P * (1 - P))


@lru_cache(maxsize=len(TAUS))
def slope_and_scatter(tau: float) -> tuple[float, float]:
    """Mean and standard deviation of the derivative of (S − 0.49)²."""
    soft, rate = softened(tau, DICE)
    estimates = 2 * (soft - TARGET) * rate
    return float(estimates.mean()), float(estimates.std())


def paint(figure: Any, tau: float) -> str:
    panels = figure.subplot_mosaic([["coin", "mean"], ["coin", "scatter"]])
    coin, mean, scatter = (panels[name] for name in ("coin", "mean", "scatter"))
    u = np.linspace(0.001, 0.999, 999)
    coin.step(u, u > 1 - P, ":", color="#000000", label="the coin")
    coin.plot(u, softened(tau, u)[0], "-", color="#0072b2", label=f"softened, {tau:g}")
    coin.set(xlabel="random number u", ylabel="X", title=f"p = {P}", ylim=(-0.05, 1.05))
    coin.legend(loc="upper left", fontsize=11)

    means, scatters = np.transpose([slope_and_scatter(each) for each in TAUS])
    here, spread = slope_and_scatter(tau)
    mean.semilogx(TAUS, means, "-", color="#0072b2")
    mean.axhline(TRUTH, color="#000000", ls=":", label=f"truth, {TRUTH:+.2f}")
    mean.set(ylabel="mean", title="its slope: mean and scatter", ylim=(-0.25, 0.1))
    mean.tick_params(labelbottom=False)
    mean.legend(loc="upper right", fontsize=11)
    scatter.loglog(TAUS, scatters, "-", color="#0072b2")
    scatter.set(xlabel="temperature", ylabel="scatter", ylim=(0.1, 5))
    for ax, height in ((mean, here), (scatter, spread)):
        ax.plot(tau, height, "D", color="#d55e00", ms=10)
        ax.set_xticks(TICKS, [f"{each:g}" for each in TICKS])
        ax.minorticks_off()
    return (
        f"temperature {tau:g}: slope {here:+.3f}, scatter {spread:.2g}. The truth is {TRUTH:+.3f}."
    )
