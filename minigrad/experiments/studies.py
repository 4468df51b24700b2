"""What the studies share: the programs, a measurement's settings, and the reference network's data."""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minigrad import datasets
from minigrad.experiments.machine import cores

__all__ = ["LABELS", "PROGRAMS", "Measurement", "fashion_mnist", "peer_class", "threads_of"]

PROGRAMS = ("keras", "minigrad_eager", "minigrad")
LABELS = {
    "keras": "Keras",
    "minigrad_eager": "minigrad, eager",
    "minigrad": "minigrad, planned",
    "published": "published network",
}


@dataclass(frozen=True)
class Measurement:
    """The settings of one measurement; each runs in a process of its own.

    Attributes:
        study: The module that makes it: ``"learning_time"``, ``"loss_curves"``, ``"allocation"``
            or ``"published_study"``.
        program: A key of :data:`LABELS`.
        pictures: The first so many of the training set.
        batch: Pictures in a step.
        epochs: How often to go through them.
        round: Which repetition.
        how: The measure (allocation) or the switches (published network).
        threads: Threads for every library.
        seeds: How many networks, each with weights of its own (published network).

    Example:
        >>> Measurement("learning_time", "keras", 10, 1, 100, threads=2).name
        'learning_time-keras-n10-b1-e100-r0-t2'
    """

    study: str
    program: str
    pictures: int
    batch: int
    epochs: int
    round: int = 0
    how: str = ""
    threads: int = 1
    seeds: int = 1

    @property
    def name(self) -> str:
        """The name of its file, without the ending."""
        how = f"-{self.how}" if self.how else ""
        seeds = f"-s{self.seeds}" if self.seeds > 1 else ""
        return (
            f"{self.study}-{self.program}{how}-n{self.pictures}-b{self.batch}-e{self.epochs}"
            f"-r{self.round}-t{self.threads}{seeds}"
        )

    @property
    def steps(self) -> int:
        """Training steps in all epochs together."""
        return self.epochs * -(-self.pictures // self.batch)

    def task(self) -> dict[str, Any]:
        """What the process is told; ``peer`` is whom errors name."""
        return asdict(self) | {"peer": f"{LABELS[self.program]} ({self.name})"}


def threads_of(program: str) -> int:
    """How many threads a program is given: all cores, but for the two that walk node by node.

    OpenBLAS's threads wait for one another after every small product, so the walk is slower with
    two threads than with one, and many times slower when the machine is busy.

    Example:
        >>> threads_of("minigrad_eager")
        1
    """
    return 1 if program in ("minigrad_eager", "published") else cores()


def peer_class(program: str) -> Any:
    """The class that builds the reference network in this program; imports its framework."""
    return importlib.import_module(f"minigrad.experiments.peers.{program}_peer").Peer


def fashion_mnist(pictures: int, test: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as the reference network takes them, with their labels.

    Args:
        pictures: How many, from the first one on.
        test: Whether of the test set, in place of the training set.

    Returns:
        float32 pictures in [0, 1] of shape (n, 28, 28, 1), and uint8 labels of shape (n,).

    Example:
        >>> x, y = fashion_mnist(10)
        >>> x.shape, y.shape
        ((10, 28, 28, 1), (10,))
    """
    x, y = datasets.fashion_mnist.load_data()[1 if test else 0]
    x = np.divide(x[:pictures], 255, dtype=np.float32)[..., np.newaxis]
    return x, y[:pictures]


def since(task: dict[str, Any]) -> float:
    """Seconds since the parent started this process, interpreter included."""
    return time.time() - task["started"]
