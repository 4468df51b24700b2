"""Study B: how the loss falls, epoch by epoch (the paper's Figures 3 and 4).

All programs start from the same weights and see the same pictures in the same order, so what is
left to differ is rounding. The paper shows the loss on the training pictures; the accuracy on the
10,000 test pictures stands beside it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad_course.studies import paper
from minigrad_course.studies.studies import KERAS, Measurement, fashion_mnist, for_each, ready

__all__ = ["measure", "plan", "summarize"]

FULL = 60_000
# Testing on 10,000 pictures takes longer than an epoch of the paper's small sets.
TESTED = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100)
SELDOM = (1, 20, 100)  # node by node
SEED = 0  # of the order of the pictures


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """What is measured: the paper's sizes for 100 epochs, and the whole set for 16.

    Args:
        programs: Who takes part.
        quick: Whether a few minutes for all studies have to do.

    Returns:
        The measurements in order.

    Example:
        >>> [m.pictures for m in plan(["minigrad"], quick=True)]
        [30, 100, 60000]
    """
    chosen = []
    for pictures in (30, 100) if quick else paper.PICTURES:
        chosen += for_each("loss_curves", programs, pictures, 1, 20 if quick else paper.EPOCHS)
    for program in programs:
        # Node by node an epoch takes as long as ten of the plan: two of the sixteen must do.
        eager = program == "minigrad_eager"
        epochs = (0 if eager else 1) if quick else (2 if eager else 16)
        if epochs:
            chosen += for_each("loss_curves", [program], FULL, 128, epochs)
    return chosen


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Train in this process and note the loss of each epoch.

    Args:
        task: A :meth:`~minigrad_course.studies.studies.Measurement.task`.

    Returns:
        ``losses``: Keras's number, the mean over the steps of the epoch, one for each.
        ``test_accuracies``: pairs of epoch and accuracy on the 10,000 test pictures.
    """
    build = ready(task)
    if task["program"] == KERAS:
        make_keras_deterministic()
    peer, (x, y) = build()
    test = peer.prepare(*fashion_mnist(10_000, test=True))
    generator = np.random.default_rng(SEED)
    tested = SELDOM if task["program"] == "minigrad_eager" else TESTED
    losses, accuracies = [], []
    for epoch in range(1, task["epochs"] + 1):
        order = generator.permutation(len(x))
        history = peer.model.fit(
            x[order], y[order], batch_size=task["batch"], epochs=1, shuffle=False, verbose=0
        )
        losses.append(float(history.history["loss"][0]))
        if task["pictures"] == FULL or epoch in tested or epoch == task["epochs"]:
            accuracies.append([epoch, peer.accuracy(test)])
    return {"losses": losses, "test_accuracies": accuracies, "setting": peer.setting}


def make_keras_deterministic() -> None:
    """The same numbers in every run: by default TensorFlow's threads add up in any order."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()


def summarize(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> dict[str, Any]:
    """The curves, and how far the programs differ.

    Args:
        results: Measurements of this study with their results.

    Returns:
        ``curves``: one for each program and size. ``differences``: for each program but Keras and
        each size, the largest difference of an epoch's loss from Keras's, and of a test accuracy.
    """
    curves = [
        {
            "program": m.program,
            "pictures": m.pictures,
            "batch": m.batch,
            "epochs": m.epochs,
            "losses": r["losses"],
            "test_accuracies": r["test_accuracies"],
        }
        for m, r in results
    ]
    keras = {(c["pictures"], c["batch"]): c for c in curves if c["program"] == KERAS}
    differences = []
    for curve in curves:
        reference = keras.get((curve["pictures"], curve["batch"]))
        if curve["program"] != KERAS and reference:
            both = min(len(curve["losses"]), len(reference["losses"]))
            ours = np.array(curve["losses"][:both])
            theirs = np.array(reference["losses"][:both])
            accuracies = dict(map(tuple, reference["test_accuracies"]))
            differences.append(
                {
                    "program": curve["program"],
                    "pictures": curve["pictures"],
                    "epochs": both,
                    "loss": float(np.max(np.abs(ours - theirs))),
                    "accuracy": max(
                        abs(accuracy - accuracies[epoch])
                        for epoch, accuracy in curve["test_accuracies"]
                        if epoch in accuracies
                    ),
                }
            )
    return {"curves": curves, "differences": differences}
