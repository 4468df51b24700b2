"""Lecture 06: the twelve peculiarities of the published network as switches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.display import Explorer
from minigrad_course.studies.published_network import (
    EXPLANATIONS,
    Peculiarities,
    Training,
    as_the_network_sees,
    train,
)

__all__ = ["switches"]

PICTURES, EPOCHS, TESTED = 100, 20, 1000


def switches(**mended: bool) -> Explorer:
    """Switch peculiarities off and on; each time the network is trained anew, for a second or so.

    Args:
        mended: Names of :class:`~minigrad_course.studies.published_network.Peculiarities` with
            ``False`` for those that are switched off at the beginning.

    Returns:
        An explorer with a check box for each peculiarity, by its name. On the left is what the
        network gets to see, in the middle its loss, on the right the accuracy on test pictures.

    Example:
        >>> from minigrad_course import explorers
        >>> explorer = explorers.switches()
        >>> explorer.text.startswith("12 of 12 peculiarities: the first loss is")
        True
    """
    import ipywidgets as widgets

    controls = {
        name: widgets.Checkbox(mended.get(name, True), description=meaning, indent=False)
        for name, meaning in EXPLANATIONS.items()
    }
    return Explorer(paint, controls, size=(10.0, 3.6), columns=3)


def paint(figure: Any, **on: bool) -> str:
    chosen = Peculiarities(**on)
    (x, _), _ = pictures()
    seen = as_the_network_sees(x[:4], chosen)[..., 0]
    training = run(chosen)
    left, middle, right = figure.subplots(1, 3, width_ratios=[2, 3, 1.4])
    left.imshow(np.block([[seen[0], seen[1]], [seen[2], seen[3]]]))
    left.set(title="what it sees", xticks=[], yticks=[])
    left.grid(False)
    middle.plot(np.arange(1, EPOCHS + 1), training.losses)
    middle.set(xlabel="epoch", ylabel="loss")
    reached = float(training.test_accuracy or 0.0)
    right.bar([0], [100 * reached], color="#0072b2")
    right.axhline(10, color="#555555", linestyle=":", linewidth=1.5)
    right.set(ylim=(0, 100), xticks=[], ylabel="test pictures right / %")
    first, last = training.losses[0], training.losses[-1]
    return (
        f"{sum(on.values())} of {len(on)} peculiarities: the first loss is {first:.2f}, the last "
        f"{last:.2f}, and {reached:.0%} of the test pictures are right"
    )


@lru_cache(maxsize=256)
def run(chosen: Peculiarities) -> Training:
    (x, y), test = pictures()
    with np.errstate(all="ignore"):  # some of the networks run away to infinity
        return train(chosen, x[:PICTURES], y[:PICTURES], EPOCHS, 0, test)


@lru_cache(maxsize=1)
def pictures() -> Any:
    (x, y), (x_test, y_test) = mg.datasets.fashion_mnist.load_data()
    return (x, y), (x_test[:TESTED], y_test[:TESTED])
