"""Lecture 08: ten coins as p moves, with the same dice and with others."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.display import Explorer

__all__ = ["staircases"]

COINS = 10
DICE = np.random.default_rng(33).random((2, COINS))  # the same, always: a picture to talk about
GRID = np.linspace(0, 1, 2001)


def staircases(p: float = 0.3, h: float = 0.1) -> Explorer:
    """Move p, and the step h of a finite difference, over the dice of ten coins.

    Above, the random numbers on a line: a coin shows heads where its number is below p. Below, the
    number of heads as p moves, once for these dice and once for others. A difference with common
    dice climbs one staircase; one with independent dice leaps to the other.

    Args:
        p: The probability of heads.
        h: The step.

    Returns:
        An explorer with the controls ``"p"`` and ``"h"``.

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.staircases(p=0.3, h=0.1)                      # doctest: +ELLIPSIS
        <Explorer: p = 0.30, h = 0.10. Common dice: 1 coin flips, slope 10. Independent ...
    """
    import ipywidgets as widgets

    wide = {"layout": {"width": "60%"}, "step": 0.01}
    controls = {
        "p": widgets.FloatSlider(p, min=0.05, max=0.7, description="p", **wide),
        "h": widgets.FloatSlider(h, min=0.01, max=0.25, description="h", **wide),
    }
    return Explorer(paint, controls, size=(9.0, 5.2))


def heads(p: Any, dice: np.ndarray) -> Any:
    return np.sum(dice < np.expand_dims(p, -1), axis=-1)


def paint(figure: Any, p: float, h: float) -> str:
    line, stairs = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 4], "hspace": 0.05}
    )
    common, others = DICE
    flips = (common >= p) & (common < p + h)
    for ax in (line, stairs):
        ax.axvspan(p, p + h, color="0.88", lw=0)
    line.plot(common[~flips], np.zeros(sum(~flips)), "o", color="#0072b2", ms=8)
    line.plot(common[flips], np.zeros(sum(flips)), "D", color="#d55e00", ms=11)
    line.set(yticks=[], ylim=(-1, 1), title="the coins' random numbers; gray: from p to p + h")
    line.grid(visible=False)
    stairs.step(GRID, heads(GRID, common), "-", color="#0072b2", label="these dice")
    stairs.step(GRID, heads(GRID, others), "--", color="0.45", lw=1.6, label="other dice")
    start, end = heads(p, common), heads(p + h, common)
    leap = heads(p + h, others)
    stairs.plot([p, p + h], [start, end], "o-", color="#d55e00", ms=7, label="common")
    stairs.plot([p, p + h], [start, leap], "s:", color="#000000", ms=7, mfc="none")
    stairs.plot([], [], "s:", color="#000000", ms=7, mfc="none", label="independent")
    stairs.plot([0, 1], [0, COINS], color="0.6", lw=1, label="mean, 10 p")
    stairs.set(xlabel="p", ylabel="heads", xlim=(0, 1), ylim=(-0.4, COINS + 0.4))
    stairs.legend(loc="lower right", fontsize=10, ncols=2)
    count = int(flips.sum())
    return (
        f"p = {p:.2f}, h = {h:.2f}. Common dice: {count} coin{'s flip' if count != 1 else ' flips'}"
        f", slope {(end - start) / h:.3g}. Independent dice: slope {(leap - start) / h:.3g}. "
        f"The mean's slope is {COINS}."
    )
