"""Training runs with one planted mistake each: which is it?

Every mistake is one that people make without noticing: the loss falls all the same. How the
losses differ from those of the right run, and from which step on, tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad_course.lessons import exam

__all__ = ["MISTAKES", "planted_mistakes"]

STEPS, BATCH = 8, 32
MISTAKES = ("momentum", "smoothing", "float16", "rate", "labels")

Run = Callable[[str], np.ndarray]


def planted_mistakes() -> tuple[Run, dict[str, Run]]:
    """The right training run, and five that have a mistake each.

    Returns:
        A function of a dtype (``"float32"`` or ``"float64"``) that gives the loss of each of
        eight steps; and, by letter, five such functions. One has a momentum of 0.01, one a label
        smoothing of 0.001, one has read its pictures as float16, one has a learning rate that is
        one percent too large, and one has two kinds of clothes mixed up.

    Example:
        >>> from minigrad_course.lessons.planted import planted_mistakes
        >>> right, suspects = planted_mistakes()
        >>> len(right("float32")), sorted(suspects)
        (8, ['A', 'B', 'C', 'D', 'E'])
    """
    return run_of(None), {letter: run_of(mistake) for letter, mistake in guilty().items()}


def guilty() -> dict[str, str]:
    """Which run has which mistake; each student's own way round in an exam."""
    order = ("float16", "rate", "labels", "momentum", "smoothing")
    if exam.on():
        order = tuple(exam.generator("05.2").permutation(order).tolist())
    return dict(zip("ABCDE", order, strict=True))


def run_of(mistake: str | None) -> Run:
    def losses(dtype: str) -> np.ndarray:
        x, y = pictures()
        if mistake == "float16":
            x = x.astype("float16")
        if mistake == "labels":  # a coat is a pullover, and a pullover a coat
            y = y[:, [0, 1, 4, 3, 2, *range(5, 10)]]
        model = mg.Sequential(
            [mg.Input((784,), dtype=dtype), mg.layers.Dense(10, "softmax", dtype=dtype)]
        )
        model.compile(
            mg.optimizers.SGD(
                0.0101 if mistake == "rate" else 0.01, momentum=0.01 * (mistake == "momentum")
            ),
            mg.losses.CategoricalCrossentropy(label_smoothing=0.001 * (mistake == "smoothing")),
        )
        kernel = np.random.default_rng(3).normal(size=(784, 10)) / 28
        model.set_weights([kernel, np.zeros(10)])
        batches = [slice(start, start + BATCH) for start in range(0, STEPS * BATCH, BATCH)]
        found = [model.train_on_batch(x[b].astype(dtype), y[b].astype(dtype)) for b in batches]
        return np.array(found)

    return losses


def pictures() -> Any:
    (x, y), _ = mg.datasets.fashion_mnist.load_data()
    count = STEPS * BATCH
    return x[:count].reshape(count, 784) / 255, np.eye(10)[y[:count]]
