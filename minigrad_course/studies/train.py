"""``python -m minigrad train``: the reference network learns to tell clothes apart.

The network is the paper's: one convolution of 8 filters 2×2, a dense layer of 128 and
one of 10, on the pictures of Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import datasets, layers, optimizers, utils
from minigrad.model import Sequential

__all__ = ["add_arguments", "reference_network", "run"]

REPEATED = ("epochs", "batch_size", "optimizer", "seed", "eager")  # options that --json repeats
OPTIMIZERS = {"sgd": optimizers.SGD, "adam": optimizers.Adam}


def reference_network() -> Sequential:
    """The network that the paper trains; it takes pictures scaled to 0…1.

    Returns:
        A model that is built but not compiled, of 747,954 weights.

    Example:
        >>> from minigrad_course.studies.train import reference_network
        >>> reference_network().output_shape
        (None, 10)
    """
    return Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(128, activation="elu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def whole_number(text: str) -> int:
    number = int(text) if text.strip().isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return number


def seed(text: str) -> int:
    if not text.strip().isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to 2**32 - 1, not {text!r}")
    return int(text)


def rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"a positive number, not {text!r}")
    return number


def new_file(ending: str) -> Any:
    def check(text: str) -> Path:
        path = Path(text)
        if path.suffix != ending:
            raise argparse.ArgumentTypeError(f"the name ends in {ending}, not {text!r}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
        if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
        return path

    return check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser.

    Args:
        parser: The parser of the command.

    Example:
        >>> import argparse
        >>> from minigrad_course.studies.train import add_arguments
        >>> parser = argparse.ArgumentParser()
        >>> add_arguments(parser)
        >>> parser.parse_args(["--epochs", "3"]).epochs
        3
    """
    parser.add_argument("--epochs", type=whole_number, default=5, help="default: 5")
    parser.add_argument(
        "--batch-size", type=whole_number, default=128, metavar="N", help="default: 128"
    )
    parser.add_argument(
        "--learning-rate", type=rate, metavar="RATE", help="default: 0.01 for sgd, 0.001 for adam"
    )
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd", help="default: sgd")
    parser.add_argument(
        "--pictures", type=whole_number, metavar="N", help="train on the first N; default: all"
    )
    parser.add_argument("--seed", type=seed, metavar="N", help="for the same numbers again")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the four files are")
    parser.add_argument(
        "--save", type=new_file(".npz"), metavar="FILE", help="write the weights there (.npz)"
    )
    parser.add_argument(
        "--json", type=new_file(".json"), metavar="FILE", help="write the figures there (.json)"
    )
    parser.add_argument(
        "--eager", action="store_true", help="walk the graph node by node, as the lectures do"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, test, and say how it went.

    Args:
        arguments: What the parser made of the options.

    Returns:
        0; 2 when an option does not fit the data; 130 after Ctrl-C. What was learned until
        then is saved if that was asked for.

    Raises:
        minigrad.datasets.DataError: When the data cannot be read.
    """
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data(arguments.data)
    pictures = len(x) if arguments.pictures is None else arguments.pictures
    if pictures > len(x):
        print(f"minigrad train: --pictures {pictures}: there are {len(x)}", file=sys.stderr)
        return 2
    if arguments.seed is not None:
        utils.set_random_seed(arguments.seed)
    model = compiled(arguments)
    model.summary()
    start, interrupted = time.perf_counter(), False
    try:
        targets = utils.to_categorical(y[:pictures], 10)
        model.fit(
            scaled(x[:pictures]), targets, batch_size=arguments.batch_size, epochs=arguments.epochs
        )
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - start
    history = {} if model.history is None else model.history.history

    if interrupted:
        done = len(history.get("loss", []))
        print(f"\ninterrupted after {done} of {arguments.epochs} epochs")
    if arguments.save:
        model.save_weights(arguments.save)
        print(f"weights: {arguments.save}")
    if interrupted:
        return 130
    loss, accuracy = model.evaluate(
        scaled(x_test), utils.to_categorical(y_test, 10), batch_size=1000, verbose=0
    )
    per_second = pictures * arguments.epochs / seconds
    print(
        f"test accuracy {accuracy:.2%}, test loss {loss:.4f}\n"
        f"trained for {seconds:.1f} s, {per_second:,.0f} pictures per second"
    )
    if arguments.json:
        measured = {
            "history": history,
            "test_loss": loss,
            "test_accuracy": accuracy,
            "seconds": seconds,
            "pictures_per_second": per_second,
        }
        write_figures(arguments, model, {"pictures": pictures, **measured})
    return 0


def write_figures(arguments: argparse.Namespace, model: Sequential, found: dict[str, Any]) -> None:
    figures = {
        **{name: getattr(arguments, name) for name in REPEATED},
        "learning_rate": model.optimizer.learning_rate if model.optimizer else None,
        **found,
        "numpy": np.__version__,
    }
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def compiled(arguments: argparse.Namespace) -> Sequential:
    given = {} if arguments.learning_rate is None else {"learning_rate": arguments.learning_rate}
    model = reference_network()
    model.compile(
        optimizer=OPTIMIZERS[arguments.optimizer](**given),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        run_eagerly=arguments.eager,
    )
    return model


def scaled(pictures: np.ndarray) -> np.ndarray:
    # bytes to 0…1, in float32, with the channel as last axis
    return np.divide(pictures, 255, dtype=np.float32)[..., np.newaxis]
