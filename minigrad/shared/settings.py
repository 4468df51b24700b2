"""Arguments of constructors, declared: what a class takes, how it is checked, what is usual.

A layer, a loss, a metric, a callback says it as a dataclass does, one line an argument::

    class Dropout(Layer):
        rate: float = argument(number, least=0, most=1)
        noise_shape: None = not_covered(None)
        seed: int | None = argument(whole, None, least=0)

A class's own arguments come before inherited ones, as in Keras. Each becomes an attribute, which
is checked whenever it is set: by the constructor, and anew later.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Self

from minigrad.shared import lookup
from minigrad.shared.arguments import brief, configuration, taken

NEEDED = inspect.Parameter.empty  # in place of a default


@dataclass(frozen=True)
class Argument:
    """An argument of a class; made by :func:`argument` or :func:`not_covered`."""

    check: Callable[[str, str, Any], Any] | None
    default: Any
    usual: Callable[[Any], Any] | None = None
    by_name: bool = False
    kept: str | bool = True
    type: Any = NEEDED


def argument(
    check: Callable[..., Any] | None = None,
    default: Any = NEEDED,
    *,
    usual: Callable[[Any], Any] | None = None,
    by_name: bool = False,
    kept: str | bool = True,
    **limits: Any,
) -> Any:
    """Declare an argument in the body of a class.

    Args:
        check: Takes the name of the class, that of the argument and a value; returns the value as
            it is kept, or raises. ``None`` is not checked where it is the default.
        default: What is taken where nothing is given; without it the argument is needed.
        usual: Gives what stands for the default ``None``, of an object.
        by_name: Whether it is given by its name only.
        kept: Whether it becomes an attribute; or the name of that, if it is another.
        limits: More arguments of the check.
    """
    check = partial(check, **limits) if check and limits else check
    return Argument(check, default, usual, by_name, kept)


def not_covered(*fine: Any, by_name: bool = False) -> Any:
    """Declare an argument of Keras's that is refused, unless it asks for nothing.

    Args:
        fine: The values that ask for nothing; the first is the default.
        by_name: Whether it is given by its name only.
    """

    def check(owner: str, name: str, value: Any) -> None:
        lookup.refuse(owner, **{name: (value, *fine)})

    return Argument(check, fine[0], by_name=by_name, kept=False)


def chosen(get: Callable[[Any], Any], usual: Any = None) -> Callable[[str, str, Any], Any]:
    """The check of an argument that names something, by a module's ``get``.

    Args:
        get: What looks a name up.
        usual: What stands for ``None``.
    """

    def check(owner: str, name: str, value: Any) -> Any:
        with lookup.of_argument(owner, name):
            return get(usual if value is None else value)

    return check


def such(fits: Callable[[Any], Any], wanted: str) -> Callable[[str, str, Any], Any]:
    """The check of an argument that is kept as it is given.

    Args:
        fits: Whether a value will do.
        wanted: What the argument is, for the error.
    """

    def check(owner: str, name: str, value: Any) -> Any:
        if not fits(value):
            raise ValueError(f"{owner}: {name} {wanted}, got {brief(value)}")
        return value

    return check


class Signature:
    """What a class can be called with, for those who ask; its instances have their own answer."""

    def __get__(self, thing: Any, kind: Any) -> inspect.Signature:
        if thing is not None:
            raise AttributeError
        own = list(inspect.signature(kind.__init__).parameters.values())[1:]
        if not own or own[0].kind is not own[0].VAR_POSITIONAL:  # written by hand
            return inspect.Signature(own)
        parameters = signature(kind).parameters.values()
        shown = [each for each in parameters if each.kind is not each.KEYWORD_ONLY]
        options = [inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)]
        return inspect.Signature(shown + options * (len(shown) < len(parameters)))


@cache
def signature(kind: Any) -> inspect.Signature:
    """All that is declared."""
    place = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    found = [
        inspect.Parameter(name, place[each.by_name], default=each.default, annotation=each.type)
        for name, each in kind._declared.items()
    ]
    return inspect.Signature(sorted(found, key=lambda each: each.kind))


class Settings:
    """What is made with arguments that are declared in its class.

    ``class Half(Scaled, scale=0.5)`` has no argument ``scale`` any more, but an attribute.

    Example:
        >>> import minigrad as mg
        >>> layer = mg.layers.Activation("tanh")
        >>> layer.activation = "relu"
        >>> layer.activation is mg.activations.relu
        True
        >>> mg.layers.Dropout(0.5).rate = 2
        Traceback (most recent call last):
        ValueError: Dropout: rate is a number from 0 to 1, got 2
    """

    _declared: dict[str, Argument] = {}  # noqa: RUF012 (of each class its own)
    __signature__ = Signature()

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__()
        declared = {n: each for n, each in vars(cls).items() if isinstance(each, Argument)}
        for name, each in declared.items():
            declared[name] = replace(each, type=cls.__annotations__.get(name, NEEDED))
            delattr(cls, name)
        for base in cls.__bases__:
            for name, inherited in getattr(base, "_declared", {}).items():
                declared.setdefault(name, inherited)
        for name, value in given.items():
            if declared.pop(name, None) is None:
                raise TypeError(f"{cls.__name__}: its base class has no argument {name!r} to give")
            setattr(cls, name, value)
        cls._declared = declared

    def __init__(self, *arguments: Any, **options: Any) -> None:
        kind: Any = type(self)
        for name in options:
            if name not in self._declared:
                hint = self._hint(name)
                raise TypeError(f"{kind.__name__} has no argument {name!r}.{hint}")
        try:
            given = signature(kind).bind(*arguments, **options)
        except TypeError as error:
            raise TypeError(f"{kind.__name__}: {error}") from None
        given.apply_defaults()
        for name, value in given.arguments.items():
            setattr(self, name, value)
        self._agree()

    def __setattr__(self, name: str, value: Any) -> None:
        if (declared := self._declared.get(name)) is None:
            super().__setattr__(name, value)
            return
        if value is None and declared.default is None:
            value = declared.usual(self) if declared.usual else None
        elif declared.check:
            value = declared.check(type(self).__name__, name, value)
        if not declared.kept:
            return
        name = name if declared.kept is True else declared.kept
        before = vars(self).get(name, NEEDED)
        super().__setattr__(name, value)
        if before is not NEEDED:  # it is set anew
            try:
                self._agree()
            except ValueError:
                super().__setattr__(name, before)
                raise

    def _hint(self, name: str) -> str:
        """What to say of an argument that there is not."""
        return lookup.nearest(name, taken(type(self)))

    def _agree(self) -> None:
        """Refuse values that do not go together; asked when all of them are there."""


class Configured(Settings):
    """What can tell what it was made with, and be made of it, as Keras's things can."""

    def get_config(self) -> dict[str, Any]:
        """What it was made with.

        Returns:
            For each argument its value; ``from_config`` makes another like it.

        Example:
            >>> import minigrad as mg
            >>> mg.layers.Dropout(0.5, seed=1, name="drop").get_config()
            {'name': 'drop', 'trainable': True, 'dtype': 'float32', 'rate': 0.5, 'seed': 1}

        Raises:
            NotImplementedError: When an argument of a class of one's own is no attribute.
        """
        lost = [name for name in written_out(type(self)) if not hasattr(self, name)]
        if lost and type(self).get_config is Configured.get_config:
            raise NotImplementedError(
                f"{type(self).__name__}: get_config does not know what {lost[0]!r} was. Keep it as "
                f"self.{lost[0]}, or define get_config"
            )
        return configuration(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """One like that of which :meth:`get_config` has told, here or in Keras.

        Args:
            config: Arguments and their values; one of Keras's that is ``None`` asks for nothing.
        """
        known = taken(cls)
        return cls(**{n: value for n, value in config.items() if value is not None or n in known})


def written_out(kind: Any) -> list[str]:
    """The arguments by name that a class of one's own has written down, beyond the library's."""
    maker = next(each for each in kind.__mro__ if "__init__" in vars(each))
    if maker.__module__.startswith("minigrad."):
        return []
    parameters = list(inspect.signature(maker.__init__).parameters.values())[1:]
    open_ones = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    names = [p.name for p in parameters if p.kind not in open_ones]
    return [name for name in names if name not in {*kind._declared, "input_dim"}]
