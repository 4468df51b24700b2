"""Lecture 05: how far two programs part, by a wrong rate or by rounding alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.display import Explorer

__all__ = ["difference"]

STEPS, BATCH = 30, 64
ERRORS = (0.0, 1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1)  # of the learning rate, relative


def difference(error: float = 0.0, dtype: str = "float32") -> Explorer:
    """Train a small network twice, and see how far the losses of the two runs part.

    The second run has its pixels in another order, and the rows of its first matrix likewise. So
    it computes the same sums in another order: what differs is rounding, unless its learning rate
    is made wrong.

    Args:
        error: By which part of itself the second run's learning rate is too large.
        dtype: ``"float32"`` or ``"float64"``.

    Returns:
        An explorer with the controls ``"error"`` and ``"dtype"``.

    Example:
        >>> from minigrad_course import explorers
        >>> explorers.difference(error=0.01)                        # doctest: +ELLIPSIS
        <Explorer: rate 1 % too large, float32: the losses part by up to ...
    """
    import ipywidgets as widgets

    names = {written(each): each for each in ERRORS}
    controls = {
        "error": widgets.SelectionSlider(
            options=names, value=error, description="rate", layout={"width": "60%"}
        ),
        "dtype": widgets.Dropdown(
            options=["float32", "float64"], value=dtype, description="numbers"
        ),
    }
    return Explorer(paint, controls, size=(9.0, 4.0))


def written(error: float) -> str:
    if error == 0:
        return "right"
    return f"{100 * error:g} % too large" if error >= 0.001 else f"{error:g} of itself too large"


def paint(figure: Any, error: float, dtype: str) -> str:
    apart = np.abs(losses(error, dtype, shuffled=True) - losses(0.0, dtype, shuffled=False))
    least = np.finfo(dtype).eps / 8
    axes = figure.subplots()
    axes.axhspan(least, 2 * np.finfo(dtype).eps, color="0.9", label=f"neighboring {dtype} numbers")
    axes.semilogy(np.arange(1, STEPS + 1), np.maximum(apart, least), "ko", mfc="none")
    axes.set(xlabel="step", ylabel="difference of the losses", ylim=(1e-17, 2))
    axes.legend(loc="upper left")
    return f"rate {written(error)}, {dtype}: the losses part by up to {apart.max():.0e}"


@lru_cache(maxsize=64)
def losses(error: float, dtype: str, shuffled: bool) -> np.ndarray:
    """The loss of each step.

    Args:
        error: Relative error of the learning rate.
        dtype: In which all is computed.
        shuffled: Whether the pixels stand in another order.
    """
    x, y = pictures()
    order = np.random.default_rng(1).permutation(784) if shuffled else np.arange(784)
    random = np.random.default_rng(2)
    weights = [random.normal(size=s) / np.sqrt(s[0]) for s in ((784, 32), (32, 10))]
    layers = [
        mg.Input((784,), dtype=dtype),
        mg.layers.Dense(32, "elu", dtype=dtype),
        mg.layers.Dense(10, "softmax", dtype=dtype),
    ]
    model = mg.Sequential(layers)
    model.compile(mg.optimizers.SGD(0.1 * (1 + error)), "categorical_crossentropy")
    model.set_weights([weights[0][order], np.zeros(32), weights[1], np.zeros(10)])
    found = []
    for start in range(0, STEPS * BATCH, BATCH):
        rows = slice(start, start + BATCH)
        found.append(model.train_on_batch(x[rows, order].astype(dtype), y[rows].astype(dtype)))
    return np.array(found)


@lru_cache(maxsize=1)
def pictures() -> tuple[np.ndarray, np.ndarray]:
    (x, y), _ = mg.datasets.fashion_mnist.load_data()
    count = STEPS * BATCH
    return x[:count].reshape(count, 784) / 255, np.eye(10)[y[:count]]
