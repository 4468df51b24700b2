"""Files from which training goes on bit for bit: weights, the optimizer's memory, chance."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.layers.base import Layer
from minigrad.layers.building import tree
from minigrad.model.weights_file import array, header
from minigrad.shared import files, randomness

TOLD = "told"  # what is no array, as JSON
LONGEST = 1 << 20  # bytes of it


def write(path: Path, model: Any, epoch: int) -> None:
    """Write down where the training of a model is.

    Args:
        path: The file.
        model: A compiled model.
        epoch: The number of the next epoch.

    Raises:
        OSError: When it cannot be written; the error names the file.
    """
    told = {
        "epoch": epoch,
        "optimizer": type(model.optimizer).__name__,
        "iterations": model.optimizer.iterations,
        "learning_rate": rate_of(model.optimizer),
        "source": randomness.state(),
        "generators": [g.bit_generator.state for g in generators(model)],
    }
    text = np.frombuffer(json.dumps(told).encode(), np.uint8)
    named: dict[str, Any] = {**arrays(model), TOLD: text}
    files.replace(path, lambda file: np.savez(file, **named))


def read(path: Path, model: Any) -> int:
    """Bring a model to where :func:`write` found it.

    Args:
        path: The file.
        model: The same model, compiled alike.

    Returns:
        The number of the next epoch.

    Raises:
        ValueError: When the file is damaged, or of another model. Nothing has changed then.
    """
    wanted = arrays(model)
    try:
        with zipfile.ZipFile(path) as packed:
            members = {member.filename.removesuffix(".npy"): member for member in packed.infolist()}
            shapes = {name: header(packed, member)[0] for name, member in members.items()}
            (length,) = shapes.pop(TOLD)
            if shapes != {name: value.shape for name, value in wanted.items()} or length > LONGEST:
                raise ValueError("it is of another model, or of one compiled otherwise")
            found = {name: array(packed, member) for name, member in members.items()}
        told = json.loads(found.pop(TOLD).tobytes())
        states = list(told["generators"])
        epoch, steps, rate = int(told["epoch"]), int(told["iterations"]), told["learning_rate"]
        if (kind := told["optimizer"]) != type(model.optimizer).__name__:
            raise ValueError(f"it is of a model compiled with {kind}")
        if (rate is None) != (rate_of(model.optimizer) is None):
            raise ValueError("it is of a model compiled with another kind of learning rate")
        if len(states) != len(list(generators(model))):
            raise ValueError("it is of a model with other layers")
        randomness.check(told["source"])
    except Exception as error:  # a damaged file can be wrong in any way
        raise ValueError(f"{path} is no state of this model's training: {error}") from None
    if rate is not None:
        model.optimizer.learning_rate = rate
    model.optimizer.iterations = steps
    model.set_weights([found[f"weights/{i}"] for i in range(len(model.weights))])
    for name, value in wanted.items():
        if name.startswith("optimizer"):
            value[...] = found[name]  # the optimizer's own arrays
    for generator, state in zip(generators(model), states, strict=True):
        generator.bit_generator.state = state
    randomness.restore(told["source"])
    return epoch


def arrays(model: Any) -> dict[str, np.ndarray]:
    """The weights' values, and the arrays that the optimizer remembers of them."""
    named = {f"weights/{i}": np.asarray(w.value) for i, w in enumerate(model.weights)}
    for i, weight in enumerate(model.trainable_weights):
        for k, memory in enumerate(model.optimizer.state(weight)):
            named[f"optimizer/{i}/{k}"] = memory
    return named


def rate_of(optimizer: Any) -> float | None:
    """Its learning rate, or nothing if that follows from the number of steps."""
    rate = optimizer._learning_rate
    return rate if isinstance(rate, float) else None


def generators(model: Layer) -> Iterator[np.random.Generator]:
    """The generators of the layers that draw at random."""
    for layer in tree(model):
        if isinstance(generator := getattr(layer, "_generator", None), np.random.Generator):
            yield generator
