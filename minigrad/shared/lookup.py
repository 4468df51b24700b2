"""Saying by name what is not covered, and what to use in its place.

The interface is a part of Keras's. A script that needs another part should learn so from
the first line that does, with the nearest name that exists.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["find", "instance", "missing", "nearest", "refuse", "with_class_names"]

T = TypeVar("T")

# What Keras's scripts often use, and how to say it with what is covered.
INSTEAD = {
    "ELU": 'Activation("elu") does the same',
    "LambdaCallback": "a class derived from callbacks.Callback does the same",
    "LearningRateScheduler": "a class derived from callbacks.Callback may assign "
    "self.model.optimizer.learning_rate in on_epoch_begin",
    "Model": "Sequential takes layers in a row",
    "RMSprop": "Adam is covered",
    "ReLU": 'Activation("relu") does the same',
    "Reshape": "the data can be reshaped before: x.reshape(-1, 28, 28, 1)",
    "Softmax": 'Activation("softmax") does the same',
    "cifar10": "keras.datasets.cifar10.load_data() returns arrays, which fit takes",
    "clone_model": "a function that builds the model, and set_weights, make another",
    "load_model": "mg.interop.from_keras takes what keras.saving.load_model reads",
    "normalize": "x / 255 brings pictures to 0…1",
    "plot_model": "mg.display.draw(model.network(1).outputs) draws the graph",
    "schedules": "a learning rate is a number, which may be assigned between epochs",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """The question "did you mean …?" for a name that is nearly right, or nothing.

    Example:
        >>> from minigrad.shared.lookup import nearest
        >>> nearest("categorical_crossentrpy", ["categorical_crossentropy", "mse"])
        " Did you mean 'categorical_crossentropy'?"
        >>> nearest("hinge", ["mse"])
        ''
    """
    by_lower = {other.lower(): other for other in known}
    match = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[match[0]]!r}?" if match else ""


def missing(where: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that a module does not have.

    Example:
        >>> from minigrad.shared.lookup import missing
        >>> print(missing("layers", "LSTM", ["Dense", "Flatten"]))
        minigrad.layers has no 'LSTM'. Covered are Dense, Flatten. What goes beyond is Keras's
        part: mg.interop.to_keras(model) hands a model over.
    """
    known = list(known)
    instead = f" Instead, {INSTEAD[name]}." if name in INSTEAD else nearest(name, known)
    return (
        f"minigrad.{where} has no {name!r}.{instead} Covered are "
        f"{', '.join(known)}. What goes beyond is Keras's part: "
        "mg.interop.to_keras(model) hands a model over."
    )


def find(
    kind: str,
    name: Any,
    known: Mapping[str, T],
    shown: Iterable[str] | None = None,
    hint: str = "",
) -> T:
    """What stands under a name that a user gave.

    Args:
        kind: What is looked for, for the error.
        name: The name.
        known: What there is, by name.
        shown: The names that the error lists; all by default.
        hint: What else would do, for the error.

    Raises:
        ValueError: When there is nothing of that name; the error names the nearest.

    Example:
        >>> from minigrad.shared.lookup import find
        >>> find("dtype", "float23", {"float32": 4, "float64": 8})
        Traceback (most recent call last):
        ValueError: dtype 'float23' is not covered; there are float32, float64. Did you mean 'float32'?
    """
    if isinstance(name, str) and name in known:
        return known[name]
    there_are = ", ".join(known if shown is None else shown)
    raise ValueError(
        f"{kind} {name!r} is not covered; there are {there_are}.{nearest(str(name), known)}{hint}"
    )


def instance(
    kind: str,
    base: type[T],
    identifier: Any,
    known: Mapping[str, Callable[[], T]],
    shown: Iterable[str] | None = None,
) -> T:
    """What a user means by an instance of a class, by the class itself, or by its name.

    Args:
        kind: What is looked for, for the error.
        base: The class of which it is an instance.
        identifier: What the user gave.
        known: The classes that there are, by name.
        shown: The names that the error lists; all by default.

    Raises:
        ValueError: When there is nothing of that name.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.lookup import instance
        >>> instance("layer", mg.layers.Layer, "flatten", {"flatten": mg.layers.Flatten}).name[:7]
        'flatten'
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    return find(kind, identifier, known, shown)()


def with_class_names(known: Mapping[str, type[T]]) -> dict[str, type[T]]:
    """Classes by the names given and, as Keras has it, by their own.

    Example:
        >>> from minigrad.shared.lookup import with_class_names
        >>> list(with_class_names({"whole": int}))
        ['whole', 'int']
    """
    return {**known, **{each.__name__: each for each in known.values()}}


def refuse(owner: str, **arguments: tuple[Any, ...]) -> None:
    """Refuse arguments of Keras's that are not covered, unless they ask for nothing.

    Args:
        owner: Whose arguments, for the error.
        arguments: For each name the value given, followed by the values that are fine.

    Raises:
        ValueError: When a value is none of those that are fine.

    Example:
        >>> from minigrad.shared.lookup import refuse
        >>> refuse("SGD", clipnorm=(1.0, None))
        Traceback (most recent call last):
        ValueError: SGD: clipnorm=1.0 is not covered by minigrad; leave it at None
    """
    for name, (value, *fine) in arguments.items():
        if not any(isinstance(value, type(good)) and value == good for good in fine):
            shown = repr(value) if len(repr(value)) <= 40 else f"<{type(value).__name__}>"
            raise ValueError(
                f"{owner}: {name}={shown} is not covered by minigrad; leave it at {fine[0]!r}"
            )
