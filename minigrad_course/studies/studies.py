"""What the studies share: the programs, a measurement's settings, and the network ready to train.

The Keras of the comparison is :data:`KERAS`: ``fit`` as the paper's script calls it, one step in
each call of the traced function. One argument of ``compile`` puts 32 steps into a call; that is
:data:`FASTER`, and it takes part in the learning times, at the paper's largest size.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minigrad import datasets
from minigrad_course.studies.machine import cores

__all__ = [
    "FASTER",
    "KERAS",
    "LABELS",
    "PROGRAMS",
    "Measurement",
    "fashion_mnist",
    "for_each",
    "peer_class",
    "ready",
    "since",
    "threads_of",
]

KERAS = "keras_plain"
FASTER = "keras"
PROGRAMS = (KERAS, "minigrad_eager", "minigrad", FASTER)
LABELS = {
    "keras_plain": "Keras",
    "keras": "Keras, steps_per_execution=32",
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
        >>> Measurement("learning_time", "minigrad", 10, 1, 100, threads=2).name
        'learning_time-minigrad-n10-b1-e100-r0-t2'
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
    return importlib.import_module(f"minigrad_course.studies.peers.{program}_peer").Peer


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


def for_each(
    study: str, programs: Sequence[str], pictures: int, batch: int, epochs: int, **more: Any
) -> list[Measurement]:
    """The same measurement for each program, with the threads that it is given.

    Args:
        study: The module that makes it.
        programs: Keys of :data:`LABELS`. Keras at its faster setting trains the same network by
            the same operations, so it is left out wherever time is not what is measured.
        pictures: The first so many of the training set.
        batch: Pictures in a step.
        epochs: How often to go through them.
        **more: Further attributes of :class:`Measurement`.

    Returns:
        One measurement for each program that takes part, in their order.

    Example:
        >>> [m.program for m in for_each("loss_curves", PROGRAMS, 10, 1, 100)]
        ['keras_plain', 'minigrad_eager', 'minigrad']
    """
    return [
        Measurement(study, program, pictures, batch, epochs, threads=threads_of(program), **more)
        for program in programs
        if program != FASTER or study == "learning_time"
    ]


def ready(task: dict[str, Any]) -> Callable[[], tuple[Any, Any]]:
    """Import the program's framework and read the pictures, and no more.

    What is counted or timed in a study begins after that, with the building of the network.

    Args:
        task: A :meth:`Measurement.task`.

    Returns:
        A function that builds the reference network. It returns the peer (see
        :mod:`minigrad_course.studies.peers`) and its training pictures and labels.

    Example:
        >>> build = ready(Measurement("loss_curves", "minigrad", 10, 1, 1).task())
        >>> peer, (x, y) = build()
        >>> peer.model.count_params(), x.shape
        (747954, (10, 28, 28, 1))
    """
    peer_of = peer_class(task["program"])
    pictures, labels = fashion_mnist(task["pictures"])

    def build() -> tuple[Any, Any]:
        peer = peer_of("reference", task["batch"], task["threads"])
        return peer, peer.prepare(pictures, labels)

    return build


def since(task: dict[str, Any]) -> float:
    """Seconds since the parent started this process, interpreter included."""
    return time.time() - task["started"]
