"""Recording: a node's own methods, run once, become calls that allocate nothing.

The operators of ``minigrad/operators`` and its neighbors say in plain NumPy what their
value and their gradient are. The engine hands their two methods stand-ins for arrays
(``noted.py``), and takes notes of what is done to these. Played back with ``out=`` and the plan's
own memory, the notes are the method again, without a new array. So most operators need no second
version: the reference *is* the fast version, recorded.

On the way, calls whose result nobody uses are left out, a result that was computed before is
used again (``x == y``, in both derivatives of a maximum), and a call writes over an argument
that is needed no more.

A method that asks for the numbers themselves, or for a function that stand-ins do not know, cannot
be recorded; its node is computed by its methods in every step.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.engine.noted import CannotRecord, Noted, samples


class Call(NamedTuple):
    """One call: ``function(*arguments, **options, out=result)``, in one of the two sweeps."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Noted
    sweep: int

    @property
    def name(self) -> str:
        """What NumPy calls the function."""
        owner = getattr(self.function, "__self__", None)
        part = f"{owner.__name__}." if isinstance(owner, np.ufunc) else ""
        return part + self.function.__name__

    @property
    def arrays(self) -> list[Noted]:
        every = (*self.arguments, *self.options.values())
        return [a for a in every if isinstance(a, Noted)]

    @property
    def reads(self) -> list[Noted]:
        return [a.base for a in self.arrays]


class Recording:
    """The notes taken of one or several methods.

    Args:
        array_of: Makes an array without axes of what is neither stand-in, array nor number of
            Python's, such as an optimizer's learning rate.

    Attributes:
        sweep: 0 while forward methods are recorded, 1 for backward ones.
    """

    def __init__(self, array_of: Callable[[Any], Any] | None = None) -> None:
        self.array_of, self.arrays = array_of, dict[Any, Any]()
        self.calls: list[Call] = []
        self.known: dict[Any, Noted] = {}
        self.sweep = 0

    def note(self, function: Any, arguments: Any, options: Any, out: Noted | None = None) -> Noted:
        """Do a call to the samples and note it.

        Args:
            function: What is called.
            arguments: Stand-ins, arrays and numbers.
            options: Its other arguments by name.
            out: What it writes into; by default a new result, or the one of an equal call.

        Returns:
            What it wrote.
        """
        arguments = tuple(map(self.argument, arguments))
        key = (function, *map(identity, arguments), *sorted(options.items()))
        if out is None:
            if key in self.known:
                return self.known[key]
            with np.errstate(all="ignore"):
                out = Noted(self, function(*samples(arguments), **options))
            self.known[key] = out
        else:
            self.known.clear()  # what was computed before may not be there any more
        self.calls.append(Call(function, arguments, options, out, self.sweep))
        return out

    def argument(self, value: Any) -> Any:
        if isinstance(value, (Noted, np.ndarray, np.generic, bool, int, float)):
            return value
        if self.array_of is None:
            raise CannotRecord(f"a {type(value).__name__} among the arguments")
        if value not in self.arrays:
            self.arrays[value] = self.array_of(value)
        return self.arrays[value]

    def copy(self, source: Any, out: Noted, **where: Any) -> Noted:
        """Note that numbers are copied."""
        return self.note(np.copyto, (source,), where, out)

    # -- from notes to calls --------------------------------------------------------------------
    def keep(self, wanted: Iterable[Noted]) -> None:
        """Leave out the calls that nothing wanted depends on."""
        needed = {noted.base for noted in wanted}
        kept = []
        for call in reversed(self.calls):
            if call.result.base in needed:
                needed.update(call.reads)
                kept.append(call)
        self.calls = kept[::-1]

    def write_at_once(self) -> None:
        """Where a result is only copied, write it where it is copied to.

        So ``w[...] = w - step`` becomes one call. It may not be done where somebody looks at
        the place in between, or goes on with the result.
        """
        for i in reversed(range(len(self.calls))):
            copying = self.calls[i]
            source = copying.arguments[0] if copying.arguments else None
            plain = copying.function is np.copyto and not copying.options
            if not plain or not isinstance(source, Noted):
                continue
            place = copying.result
            uses = [k for k, c in enumerate(self.calls) if touches(c, source.base)]
            between = self.calls[uses[0] + 1 : i]
            made = self.calls[uses[0]]
            if (
                uses == [uses[0], i]
                and made.result is source
                and isinstance(made.function, np.ufunc)
                and alike(source.sample, place.sample)
                and not any(touches(call, place.base) for call in between)
                and all(a is place for a in made.arrays if a.base is place.base)
            ):
                self.calls[uses[0]] = made._replace(result=place)
                del self.calls[i]

    def place(
        self, ask: Callable[..., Any], placed: Iterable[Noted], free: Iterable[Noted] = ()
    ) -> None:
        """Ask for the memory of all results.

        Args:
            ask: Gives an array of a shape and a dtype.
            placed: Stand-ins that have a place elsewhere or are looked at later: no call may
                write over them.
            free: Stand-ins that have a place and may be written over when they are needed no more.
        """
        outside = {n.base for n in placed}
        last: dict[Noted, int] = dict.fromkeys(outside, len(self.calls))
        for i, call in enumerate(self.calls):
            for noted in (call.result.base, *call.reads):
                last[noted] = max(last.get(noted, 0), i)
        # whose memory a result has: its own, or another's
        owners: dict[Noted, Noted] = {noted: noted for noted in free}
        there = set(owners)
        for i, call in enumerate(self.calls):
            result = call.result.base
            if result not in owners and result not in outside:
                spent = (other for other in call.reads if other in owners and last[other] == i)
                over = (owners[o] for o in spent if written_over(call, o, result))
                owners[result] = next(over, result)
        for noted, owner in owners.items():
            if owner is not noted:
                noted.array = owner.array
            elif noted not in there:
                order = layout(noted.sample)
                shape = tuple(noted.shape[axis] for axis in order)
                noted.array = ask(shape, noted.dtype).transpose(np.argsort(order))

    def play(self, sweep: int) -> Iterator[partial[Any]]:
        """The calls of a sweep, once every stand-in has its array."""
        for call in self.calls:
            if call.sweep == sweep:
                arguments = [found(a) for a in call.arguments]
                options = {name: found(value) for name, value in call.options.items()}
                if call.function is np.copyto:
                    yield partial(np.copyto, call.result.find(), *arguments, **options)
                else:
                    yield partial(call.function, *arguments, **options, out=call.result.find())


def layout(array: Any) -> tuple[int, ...]:
    # the axes from the one with the longest steps in memory to the one with the shortest
    return tuple(sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis])))


def touches(call: Call, base: Noted) -> bool:
    return call.result.base is base or any(read is base for read in call.reads)


def written_over(call: Call, other: Noted, result: Noted) -> bool:
    # whether a call may write its result over an argument that is needed no more
    alone = all(a.base is not other or a is other for a in call.arrays)
    return isinstance(call.function, np.ufunc) and alone and alike(other.sample, result.sample)


def alike(a: Any, b: Any) -> bool:
    return (a.shape, a.dtype, a.strides) == (b.shape, b.dtype, b.strides)


def identity(argument: Any) -> Any:
    whole = isinstance(argument, (Noted, np.ndarray))
    return id(argument) if whole else (type(argument), repr(argument))  # 0.0 is not -0.0


def found(value: Any) -> Any:
    return value.find() if isinstance(value, Noted) else value
