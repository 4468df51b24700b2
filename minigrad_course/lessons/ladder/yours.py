"""What is wrong with a reader's rung, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad_course.lessons.answers import Wrong, call
from minigrad_course.lessons.ladder.graphs import GraphOnce
from minigrad_course.lessons.ladder.measure import NAMES, reference
from minigrad_course.lessons.ladder.plans import reference_network

__all__ = ["examine", "pictures", "start"]

BATCH, RATE = 2, 0.25


def start() -> list[np.ndarray]:
    """Weights in which no bias is 0, so that one that is forgotten is seen."""
    random = np.random.default_rng(0)
    found = reference_network().get_weights()
    return [w + random.normal(0, 0.05, w.shape).astype(np.float32) for w in found]


def pictures(number: int, batch: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    """A batch of random pictures and classes; each number gives another."""
    random = np.random.default_rng(number)
    x = random.random((batch, 28, 28, 1), dtype=np.float32)
    return x, np.eye(10, dtype=np.float32)[random.integers(0, 10, batch)]


def examine(rung: Any, tolerance: float) -> None:
    """Take two steps on different pictures, and compare each with the reference's.

    Args:
        rung: The reader's class.
        tolerance: How far loss and weights may be off, relative to the largest change.

    Raises:
        Wrong: With what is wrong, as far as it can be told from the numbers.
    """
    weights = start()
    kept = [w.copy() for w in weights]
    runner, wanted = call(rung, weights, BATCH), GraphOnce(weights, BATCH)
    for number in (1, 2):
        x, y = pictures(number)
        before = [np.array(w, np.float64) for w in runner.weights]
        right = [w.copy() for w in wanted.weights]
        loss = call(runner.step, x.copy(), y.copy(), RATE)
        compare_losses(loss, wanted.step(x, y, RATE), wanted, number, tolerance)
        for name, old, new, a, b in zip(
            NAMES, before, runner.weights, right, wanted.weights, strict=True
        ):
            compare_moves(name, np.asarray(old - new), a - b, tolerance)
    if not all(map(np.array_equal, weights, kept)):
        raise Wrong("your rung trains on the caller's arrays: the next rung would start elsewhere.")


def compare_losses(loss: Any, right: float, wanted: GraphOnce, number: int, near: float) -> None:
    if loss is None:
        raise Wrong("step returns None: the loss of the batch was wanted.")
    try:
        loss = float(loss)
    except (TypeError, ValueError):
        raise Wrong(f"step returns {loss!r:.60}: the loss, a number, was wanted.") from None
    near = max(near, 1e-9) * max(1.0, abs(right))
    if abs(loss - right) <= near:
        return
    if loss == 0.0:
        raise Wrong(
            "the loss is 0: the constants still hold zeros. Put x and y into self.x.value and "
            "self.y.value before the forward sweep."
        )
    if abs(loss - reference(wanted.weights, *pictures(number))[0]) <= near:
        raise Wrong("that is the loss after the weights moved: compute it before.")
    if number == 2:
        stale = GraphOnce(start(), BATCH)
        stale.step(*pictures(1), RATE)
        if abs(loss - stale.step(*pictures(1), RATE)) <= near:
            raise Wrong("the second step still sees the pictures of the first.")
    raise Wrong(f"the loss of step {number} is {loss:.6g}, and not the reference's.")


def compare_moves(name: str, moved: np.ndarray, right: np.ndarray, tolerance: float) -> None:
    if moved.shape != right.shape:
        raise Wrong(f"{name} has shape {moved.shape}, wanted {right.shape}.")
    largest = np.abs(right).max()

    def is_as(factor: float) -> bool:
        return bool(np.abs(moved - factor * right).max() <= 20 * tolerance * largest * abs(factor))

    off = np.abs(moved - right).max() / largest
    if off <= 20 * tolerance:  # rounding of the weights themselves comes on top
        return
    if not moved.any():
        raise Wrong(f"{name} has not moved: does every weight get its update?")
    if is_as(-1):
        raise Wrong(f"{name} moves up the slope: subtract rate times the gradient.")
    for factor in (1 / RATE, -1 / RATE):
        if is_as(factor):
            raise Wrong(f"{name} moves by its whole gradient: where is the rate?")
    raise Wrong(f"{name} moves wrongly: off by {off:.1%} of the largest change.")
