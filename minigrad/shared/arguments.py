"""Arguments that many classes have: whole numbers, numbers, and a name that need not be given."""

import inspect
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def default_name(kind: type) -> str:
    """The name that Keras gives to an instance of a class.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.arguments import default_name
        >>> default_name(mg.layers.MaxPooling2D), default_name(mg.metrics.BinaryAccuracy)
        ('max_pooling2d', 'binary_accuracy')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind.__name__).lower()


def title(thing: Any) -> str:
    """Kind and name of something that has a name, as errors show them.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.arguments import title
        >>> print(title(mg.layers.Dense(3, name="head")))
        Dense "head"
    """
    return f'{type(thing).__name__} "{thing.name}"'


def configuration(thing: Any) -> dict[str, Any]:
    """What an object was made with: the arguments of its class that it keeps as attributes.

    Args:
        thing: A layer, a loss, a metric, an optimizer, an initializer.

    Returns:
        For each argument the attribute of the same name; the base class's come first.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.arguments import configuration
        >>> configuration(mg.initializers.Constant(0.5))
        {'value': 0.5}
    """
    return {name: getattr(thing, name) for name in taken(type(thing)) if hasattr(thing, name)}


def taken(kind: type) -> list[str]:
    """What a class can be called with: its own arguments after those that it hands on.

    Example:
        >>> import minigrad as mg
        >>> from minigrad.shared.arguments import taken
        >>> taken(mg.initializers.RandomNormal), taken(mg.layers.Flatten)[-2:]
        (['mean', 'stddev', 'seed'], ['data_format', 'input_dim'])
    """
    names: list[str] = []
    for each in kind.__mro__:
        if "__init__" in vars(each):
            parameters = list(inspect.signature(each.__init__).parameters.values())[1:]  # type: ignore[misc]
            kinds = {p.kind for p in parameters}
            names = [p.name for p in parameters if p.kind not in OPEN] + names
            if inspect.Parameter.VAR_KEYWORD not in kinds:
                break
            if inspect.Parameter.VAR_POSITIONAL in kinds:
                names = [*declared(kind), *names]
    return list(dict.fromkeys(names))


def declared(kind: Any) -> list[str]:
    """The arguments that a class declares, see ``settings.py``: those of its base class first."""
    return sorted(kind._declared, key=lambda name: not kind._declared[name].by_name)


def is_whole(value: Any, least: int = 1) -> bool:
    """Whether a value is a whole number, of Python's or NumPy's, and large enough.

    Args:
        value: Anything; ``True`` is no number.
        least: The smallest that will do.

    Example:
        >>> from minigrad.shared.arguments import is_whole
        >>> [is_whole(value) for value in (3, 0, 2.0, True)]
        [True, False, False, False]
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least


def whole(owner: str, argument: str, value: Any, least: int = 1) -> int:
    """The value, if it is a whole number that is large enough.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: What was given.
        least: The smallest that will do.

    Raises:
        ValueError: When it is not.

    Example:
        >>> from minigrad.shared.arguments import whole
        >>> whole("Dense", "units", 0)
        Traceback (most recent call last):
        ValueError: Dense: units is a whole number of at least 1, got 0
    """
    if not is_whole(value, least):
        raise ValueError(
            f"{owner}: {argument} is a whole number of at least {least}, got {brief(value)}"
        )
    return int(value)


def number(
    owner: str, argument: str, value: Any, least: float = -math.inf, most: float = math.inf
) -> float:
    """The value, if it is a finite number in a range.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: What was given: a number of Python's or NumPy's, or an array of one.
        least: The smallest that will do.
        most: The largest.

    Raises:
        ValueError: When it is not.

    Example:
        >>> from minigrad.shared.arguments import number
        >>> number("Dropout", "rate", 1.5, 0, 1)
        Traceback (most recent call last):
        ValueError: Dropout: rate is a number from 0 to 1, got 1.5
    """
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(value, (np.generic, np.ndarray)):
        real = value.dtype.kind in "fiu" and value.ndim == 0
    if not real or not math.isfinite(value) or not least <= value <= most:
        wanted = "number" if most < math.inf or least > -math.inf else "finite number"
        limits = f" from {least:g} to {most:g}" if most < math.inf else ""
        if most == math.inf and least > -math.inf:
            limits = f" of at least {least:g}"
        raise ValueError(f"{owner}: {argument} is a {wanted}{limits}, got {brief(value)}")
    return float(value)


def axis_number(owner: str, argument: str, axis: Any) -> int:
    """The value, if it can be the number of an axis.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        axis: What was given.

    Raises:
        ValueError: When it cannot.
    """
    if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool):
        raise ValueError(f"{owner}: {argument} is the number of an axis, got {brief(axis)}")
    return int(axis)


def one_of(owner: str, argument: str, value: Any, among: tuple[str, ...]) -> str:
    """The value, if it is one of some words.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: What was given.
        among: The words.

    Raises:
        ValueError: When it is not.

    Example:
        >>> from minigrad.shared.arguments import one_of
        >>> one_of("EarlyStopping", "mode", "down", ("auto", "min", "max"))
        Traceback (most recent call last):
        ValueError: EarlyStopping: mode is "auto", "min" or "max", got 'down'
    """
    if not isinstance(value, str) or value not in among:
        *first, last = (f'"{word}"' for word in among)
        wanted = f"{', '.join(first)} or {last}"
        raise ValueError(f"{owner}: {argument} is {wanted}, got {brief(value)}")
    return value


def path_of(owner: str, argument: str, value: Any, what: str) -> Path:
    """The value as a path, if it is one.

    Args:
        owner: Whose argument, for the error.
        argument: Its name.
        value: What was given.
        what: What it is the path of, for the error.

    Raises:
        ValueError: When it is not.
    """
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError(f"{owner}: {argument} names {what}, got {brief(value)}")
    return Path(value)


def flag(owner: str, argument: str, value: Any) -> bool:
    """The truth value of a value."""
    return bool(value)


def real_array(beginning: str, values: Any, error: type[Exception] = TypeError) -> np.ndarray:
    """The values as an array of real numbers.

    Args:
        beginning: That of the error.
        values: Anything that NumPy makes an array of.
        error: The kind of error.

    Raises:
        TypeError: When some are no real numbers, or masked.

    Example:
        >>> from minigrad.shared.arguments import real_array
        >>> real_array("Constant wants", ["1", "2"])
        Traceback (most recent call last):
        TypeError: Constant wants real numbers, got dtype <U1 from ['1', '2']
    """
    if np.ma.is_masked(values):
        raise error(f"{beginning} real numbers, and some are masked: fill them first")
    if isinstance(values, dict):
        raise error(f"{beginning} an array, or a list of several; got a dictionary {brief(values)}")
    try:
        array = np.asarray(values)
    except Exception as raised:  # rows of different lengths; or another library's object says so
        raise error(f"{beginning} real numbers, got {brief(values)}: {raised}") from None
    if array.dtype.kind not in "fiub":
        raise error(f"{beginning} real numbers, got dtype {array.dtype} from {brief(values)}")
    return array


def real(owner: str, what: str, values: Any) -> np.ndarray:
    """The values as an array of real numbers; what is wrong is a ``ValueError``.

    Args:
        owner: Whose they are, for the error.
        what: What they are.
        values: Anything that NumPy makes an array of.
    """
    return real_array(f"{owner}: {what} are", values, ValueError)


def brief(value: Any) -> str:
    """A value as errors show it: whole if it is short.

    Example:
        >>> from minigrad.shared.arguments import brief
        >>> brief("abc"), brief(list(range(100)))
        ("'abc'", '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1… (list)')
    """
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 60 else f"{shown[:40]}… ({type(value).__name__})"
