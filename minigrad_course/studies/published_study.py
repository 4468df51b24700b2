"""The published network, run at the paper's sizes and with its peculiarities mended one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from minigrad import datasets
from minigrad_course.studies import paper
from minigrad_course.studies.published_network import (
    EXPLANATIONS,
    MENDED,
    PUBLISHED,
    Peculiarities,
    one_added,
    one_mended,
    train,
)
from minigrad_course.studies.studies import Measurement

__all__ = ["measure", "plan", "summarize", "switches_of"]

TEST = 2_000  # test pictures


def switches_of(how: str) -> Peculiarities:
    """The switches that a measurement's ``how`` stands for.

    Args:
        how: ``"published"``, ``"mended"``, ``"without_<name>"`` (one mended), ``"only_<name>"``
            (one added to the mended network), or ``"path_<k>"`` (the first k of
            :data:`~minigrad_course.studies.published_network.EXPLANATIONS` mended).

    Raises:
        TypeError: There is no peculiarity of that name.

    Example:
        >>> switches_of("path_12") == switches_of("mended")
        True
    """
    if how in ("published", "mended"):
        return PUBLISHED if how == "published" else MENDED
    kind, name = how.split("_", 1)
    if kind == "path":
        return replace(PUBLISHED, **dict.fromkeys(list(EXPLANATIONS)[: int(name)], False))
    return one_mended(name) if kind == "without" else one_added(name)


def hows(quick: bool) -> list[str]:
    """The sets of switches that are compared, see :func:`switches_of`."""
    path = [f"path_{k}" for k in range(len(EXPLANATIONS) + 1)]
    if quick:
        return path
    return [
        *path,
        *(f"without_{name}" for name in EXPLANATIONS),
        *(f"only_{name}" for name in EXPLANATIONS),
    ]


def plan(quick: bool) -> list[Measurement]:
    """What is measured: Figure 4 with several seeds, then the switches.

    Args:
        quick: Whether a few minutes for all studies have to do.

    Returns:
        The measurements in order.

    Example:
        >>> {m.study for m in plan(quick=True)}
        {'published_study'}
    """

    def one(how: str, pictures: int, epochs: int, seeds: int) -> Measurement:
        return Measurement(
            "published_study", "published", pictures, 1, epochs, how=how, seeds=seeds
        )

    chosen = [
        one("published", pictures, 20 if quick else paper.EPOCHS, 2 if quick else 5)
        for pictures in ((10, 100) if quick else paper.PICTURES)
    ]
    pictures, epochs = (50, 5) if quick else (100, 20)
    for how in hows(quick):
        # With eight filters and 128 hidden units a network is ten times as slow: fewer seeds.
        switches = switches_of(how)
        large = not (switches.one_filter or switches.ten_hidden_units)
        chosen.append(one(how, pictures, epochs, 1 if quick else 2 if large else 5))
    return chosen


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Train networks from several seeds, in this process.

    Args:
        task: A :meth:`~minigrad_course.studies.studies.Measurement.task`.

    Returns:
        ``trainings``: for each seed what
        :class:`~minigrad_course.studies.published_network.Training` holds. A loss that is no longer
        a number is ``None``.
    """
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data()
    n, test = task["pictures"], (x_test[:TEST], y_test[:TEST])
    trainings = []
    for seed in range(task["seeds"]):
        with np.errstate(over="ignore", invalid="ignore"):  # some of the networks run away
            training = train(switches_of(task["how"]), x[:n], y[:n], task["epochs"], seed, test)
        found = asdict(training)
        found["losses"] = [loss if np.isfinite(loss) else None for loss in found["losses"]]
        trainings.append(found)
    return {"trainings": trainings}


def summarize(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> dict[str, Any]:
    """The curves of Figure 4, and the accuracies with each set of switches.

    Args:
        results: Measurements of this study with their results.

    Returns:
        ``curves``: the published network's losses by size and seed. ``switches``: for each set of
        switches the accuracies after training, one for each seed, on training and test pictures.
    """
    curves, switches = [], []
    for m, result in results:
        trainings = result["trainings"]
        if m.how == "published":
            curves += [
                {"pictures": m.pictures, "seed": seed, "epochs": m.epochs, **training}
                for seed, training in enumerate(trainings)
            ]
        else:
            switches.append(
                {
                    "how": m.how,
                    "switches": asdict(switches_of(m.how)),
                    "pictures": m.pictures,
                    "epochs": m.epochs,
                    "accuracies": [t["accuracies"][-1] for t in trainings],
                    "test_accuracies": [t["test_accuracy"] for t in trainings],
                    "last_losses": [t["losses"][-1] for t in trainings],
                }
            )
    return {"curves": curves, "switches": switches}
