"""Saying by name what is not covered, and what to use in its place.

The interface is a part of Keras's. A script that needs another part should learn so from
the first line that does, with the nearest name that exists.
"""

import difflib
import opcode
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from minigrad.shared.arguments import brief

T = TypeVar("T")

INSIDE = (str(Path(__file__).resolve().parents[1]), "<frozen importlib")
IMPORT_FROM = opcode.opmap["IMPORT_FROM"]
OTHERS = ("keras", "tensorflow", "tf_keras", "torch", "jax", "jaxlib", "flax")

# What scripts of Keras's and TensorFlow's often use, and how to say it with what is covered.
AUGMENTED = "fit takes pictures that NumPy has changed, anew in each epoch: a generator yields them"
INSTEAD = {
    **dict.fromkeys(
        ("ImageDataGenerator", "RandomFlip", "RandomRotation", "RandomZoom"), AUGMENTED
    ),
    **dict.fromkeys(("RandomContrast", "RandomTranslation"), AUGMENTED),
    "TensorBoard": "CSVLogger writes each epoch down, and fit returns a history",
    "core": "every layer is in {mg}.layers",
    "np_utils": "to_categorical is in {mg}.utils",
    "tensorflow": "`import minigrad as tf` stands for it",
    "train_step": "{mg}.GradientTape is for steps of one's own",
}
# What gives arrays or yields batches, which fit takes, stays Keras's or TensorFlow's own.
BORROWED = {
    **dict.fromkeys(("boston_housing", "california_housing"), "keras.datasets"),
    **dict.fromkeys(("cifar10", "cifar100", "imdb", "reuters"), "keras.datasets"),
    **dict.fromkeys(("get_file", "image_dataset_from_directory"), "keras.utils"),
    **dict.fromkeys(("array_to_img", "img_to_array", "load_img", "save_img"), "keras.utils"),
    **dict.fromkeys(("data", "image"), "tensorflow"),
    "preprocessing": "tensorflow.keras",
}


@cache
def names_of(library: str) -> frozenset[str]:
    """All public names of Keras's or TensorFlow's, without underscores and in lower case."""
    words = Path(__file__).with_name(f"{library}_names.txt").read_text(encoding="ascii").split()
    return frozenset(plain(word) for word in words)


def plain(name: str) -> str:
    return name.replace("_", "").lower()


def at_hand() -> str:
    """What the script that is running calls the package: ``mg``, ``keras``, ``tf``.

    Example:
        >>> import minigrad as tf
        >>> from minigrad.shared.lookup import at_hand
        >>> at_hand()
        'tf'
    """
    packages = [sys.modules[n] for n in ("minigrad", "minigrad.keras") if n in sys.modules]
    frame: Any = sys._getframe()
    while frame and frame.f_code.co_filename.startswith(INSIDE):
        frame = frame.f_back
    names = frame.f_globals if frame else {}
    return next(
        (n for n, value in names.items() if any(value is each for each in packages)), "minigrad"
    )


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


def hint(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is missing: what does the same, or the nearest name.

    A name that Keras or TensorFlow has is meant as it is, so that nothing else is proposed.

    Example:
        >>> from minigrad.shared.lookup import hint
        >>> hint("Nadamm", ["Nadam"]), hint("AlphaDropout", ["Dropout"])
        (" Did you mean 'Nadam'?", ' Keras has it.')
    """
    if name in INSTEAD:
        return f" Instead, {INSTEAD[name].format(mg=at_hand())}."
    known = list(known)
    if plain(name) not in {plain(each) for each in known}:
        for library, title in (("keras", "Keras"), ("tensorflow", "TensorFlow")):
            if plain(name) in names_of(library):
                return f" {title} has it."
    return nearest(name, known)


def missing(where: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that a module does not have.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.lookup import missing
        >>> print(missing("layers", "LSTM", ["Dense", "Flatten"]))
        minigrad.layers has no 'LSTM'. Keras has it. Covered are Dense, Flatten. What goes beyond is
        Keras's part: mg.interop.to_keras(model) hands a model over.
    """
    known = [each for each in known if each != "get"]
    covered = f" Covered are {', '.join(known)}." if where and known else ""
    return (
        f"{'.'.join(filter(None, ('minigrad', where)))} has no {name!r}.{hint(name, known)}{covered}"
        f" What goes beyond is Keras's part: {at_hand()}.interop.to_keras(model) hands a model over."
    )


def absent(where: str, name: str, known: Iterable[str]) -> Any:
    """What a module's ``__getattr__``, which calls this, gives for a name that it does not have.

    Returns:
        What Keras or TensorFlow has under that name, where arrays come from there.

    Raises:
        ImportError: Where the script imports the name: ``from minigrad.layers import LSTM`` would
            replace an AttributeError by Python's own words.
        AttributeError: Everywhere else.
    """
    if name.startswith("__"):  # Python itself asks, on every import
        raise AttributeError(name)
    frame = sys._getframe(2)
    importing = frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == IMPORT_FROM
    error = ImportError if importing else AttributeError
    source = BORROWED.get(name, "")
    if not source or source.partition(".")[2].removeprefix("keras") != where:
        raise error(missing(where, name, known))
    try:
        import_module("minigrad.interop").import_keras()  # without TensorFlow's remarks
        return getattr(import_module(source), name)
    except ImportError as reason:
        raise error(f"{name!r} is {source}'s own, and it gives arrays. {reason}") from None


class Names(ModuleType):
    """What scripts find below a name of TensorFlow's: ``tf.compat.v1``, ``tf.test``."""

    def __init__(self, where: str, **names: Any) -> None:
        super().__init__(f"minigrad.{where}")
        self.__path__ = []  # so that Python looks for what is imported from it
        vars(self).update(names)

    def __getattr__(self, name: str) -> Any:
        return absent(self.__name__.removeprefix("minigrad."), name, [])


def public(
    where: str,
    names: Iterable[str],
    more: Mapping[str, Any] | None = None,
    listed: Iterable[str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A module's ``__getattr__`` and ``__dir__``: what Tab shows, and a sentence for the rest.

    Args:
        where: The module, for the error.
        names: What is public in it, its ``__all__``.
        more: What can be had as well, but is not shown.
        listed: The names that the sentence lists; all by default.

    Example:
        >>> from minigrad.shared.lookup import public
        >>> get, names = public("shapes", ["Square"], {"square": "■"})
        >>> names(), get("square")
        (['Square'], '■')
    """

    def find_name(name: str) -> Any:
        if more and name in more:
            return more[name]
        return absent(where, name, listed or names)

    return find_name, lambda: sorted(names)


def find(
    kind: str,
    name: Any,
    known: Mapping[str, T],
    shown: Iterable[str] | None = None,
    more: str = "",
) -> T:
    """What stands under a name that a user gave.

    Args:
        kind: What is looked for, for the error.
        name: The name.
        known: What there is, by name.
        shown: The names that the error lists; all by default.
        more: What else would do, for the error.

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
    listed = list(known if shown is None else shown)
    said = hint(str(name), [*known, *listed])
    raise ValueError(
        f"{kind} {brief(name)} is not covered; there are {', '.join(listed)}.{said}{more}"
    )


def get(
    kind: str,
    identifier: Any,
    known: Mapping[str, Any],
    base: type | None = None,
    wrap: Callable[[Any], Any] | None = None,
    shown: Iterable[str] | None = None,
    more: str = "",
) -> Any:
    """What a user means by a name, a class, an instance of it, or a function.

    Args:
        kind: What is looked for, for the error.
        identifier: What the user gave; also what Keras tells of an object, see :func:`is_told`.
        known: What there is, by name: classes, or functions where there is no ``base``.
        base: The class of which an instance is wanted.
        wrap: What becomes of a function; functions are refused by default.
        shown: The names that the error lists; all by default.
        more: What else would do, for the error.

    Raises:
        ValueError: When there is nothing of that name, or it belongs to another library.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.lookup import get
        >>> get("layer", "flatten", {"flatten": mg.layers.Flatten}, mg.layers.Layer).name[:7]
        'flatten'
    """
    if base is not None and isinstance(identifier, base):
        return identifier
    if base is not None and isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if base is not None and is_told(identifier):
        found = find(kind, identifier["class_name"], known, shown, more)
        return found.from_config(identifier.get("config", {}))
    library = home(identifier)
    name = str(getattr(identifier, "__name__", ""))
    if library in OTHERS and base is None and name in known:
        return known[name]  # tf.nn.relu can mean one thing only
    if library in OTHERS:
        raise ValueError(
            f"{kind}: {brief(identifier)} belongs to {library}, which computes with its own "
            f"arrays; there are {', '.join(known if shown is None else shown)}.{more}"
        )
    if wrap is not None and callable(identifier) and not (base and isinstance(identifier, type)):
        return wrap(identifier)
    found = find(kind, identifier, known, shown, more)
    return found if base is None else found()


def is_told(thing: Any) -> bool:
    """Whether it is what Keras writes down of an object: its class's name and its arguments."""
    return isinstance(thing, dict) and "class_name" in thing


@contextmanager
def of_argument(owner: str, argument: str) -> Iterator[None]:
    """Put in front of an error whose argument it is about.

    Args:
        owner: Whose.
        argument: Its name.

    Example:
        >>> from minigrad.shared.lookup import find, of_argument
        >>> with of_argument("Dense", "activation"):
        ...     find("activation", 5, {"relu": 1})
        Traceback (most recent call last):
        ValueError: Dense: activation: activation 5 is not covered; there are relu.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{owner}: {argument}: {error}") from None


def home(thing: Any) -> str:
    """The library in which a function, a class or an instance's class is defined.

    Example:
        >>> import numpy as np
        >>> from minigrad.shared.lookup import home
        >>> home(np.zeros), home(np.zeros(2)), home("a name")
        ('numpy', 'numpy', 'builtins')
    """
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return str(module).split(".")[0]


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
        if not any(type(value) is type(good) and value == good for good in fine):
            raise ValueError(
                f"{owner}: {name}={brief(value)} is not covered by minigrad; leave it at {fine[0]!r}"
            )
