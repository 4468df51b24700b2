"""Updates: how a plan changes weights, by the optimizer's own rule, recorded.

An optimizer's ``update`` is written once, as the books write it. Here it is run once for each weight
(or for some rows of one) on stand-ins, and the NumPy calls that it makes are played back in every
step, in place. An optimizer of a reader's own is recorded where its class says so
(:func:`minigrad.graph.recordable`), and its rule is applied as it is, after the step, where it
does not.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Self

import numpy as np

from minigrad.engine.calls import Array, Call
from minigrad.engine.noted import CannotRecord, Noted
from minigrad.engine.numbers import Numbers
from minigrad.engine.recording import Recording
from minigrad.graph import Variable, is_recordable
from minigrad.optimizers import Optimizer

Ask = Callable[..., Array]  # gives memory for something in between


class Weight:
    """Stands for a variable while a rule is recorded."""

    def __init__(self, variable: Variable, noted: Noted) -> None:
        self.name, self.dtype, self.noted = variable.name, variable.dtype, noted
        self.shape, self.ndim, self.size = variable.shape, variable.ndim, variable.size

    @property
    def value(self) -> Noted:
        """Stands for the weight."""
        return self.noted

    @value.setter
    def value(self, new: Any) -> None:
        self.noted[...] = new

    def _settle(self) -> None:
        """Nobody holds it."""


class Rule:
    """An optimizer's rule for one weight, recorded.

    Args:
        optimizer: Whose rule.
        variable: The weight.
        shape: Its shape, or that of some of its rows.
        numbers: Keeps the numbers that the rule reads.

    Raises:
        CannotRecord: When the rule does more than compute a new weight and what is remembered.
    """

    def __init__(
        self, optimizer: Optimizer, variable: Variable, shape: tuple[int, ...], numbers: Numbers
    ) -> None:
        self.recording = recording = Recording(lambda n: numbers.array(n, variable.dtype))
        states = len(optimizer.state(variable))
        like = np.ones(shape, variable.dtype)
        self.gradient, *self.kept = (Noted(recording, like.copy()) for _ in range(2 + states))
        self.weight = self.kept[0]
        twin = self.twin(optimizer, numbers)
        weight = Weight(variable, self.weight)
        twin.memory = {weight: self.kept[1:]}
        before = dict(vars(twin))
        twin._change(weight, self.gradient)
        after = vars(twin)
        if after.keys() != before.keys() or any(after[n] is not v for n, v in before.items()):
            raise CannotRecord("the rule keeps something besides the weight and its state")
        self.recording.keep(self.kept)
        self.recording.write_at_once()

    @staticmethod
    def twin(optimizer: Optimizer, numbers: Numbers) -> Any:
        """The optimizer with stand-ins for its numbers, and for its properties that are some."""
        twin: Any = copy.copy(optimizer)
        kind = type(optimizer)
        stand_ins = {name: numbers.number(optimizer, name) for name in kind._looked_up}
        twin.__class__ = type(kind.__name__, (kind,), stand_ins)
        for name, value in vars(optimizer).items():
            if isinstance(value, (bool, int, float)):
                vars(twin)[name] = numbers.number(optimizer, name)
            elif value is None:
                bool(numbers.number(optimizer, name))  # noted: it may become a number
        return twin

    @property
    def by_rows(self) -> bool:
        """Whether each element of the weight changes by itself, and so each row."""
        arrays = [a for call in self.recording.calls for a in (call.result, *call.arrays)]
        calls = {call.function for call in self.recording.calls}
        whole = all(a.parent is None and a.shape == self.weight.shape for a in arrays)
        numbers = all(np.ndim(value) == 0 for value in self.others())
        return whole and numbers and all(f is np.copyto or isinstance(f, np.ufunc) for f in calls)

    def others(self) -> list[Any]:
        """What the calls compute with besides the weight's own arrays."""
        calls = self.recording.calls
        given = [a for call in calls for a in (*call.arguments, *call.options.values())]
        return [value for value in given if not isinstance(value, Noted)]

    def is_like(self, other: Self) -> bool:
        """Whether another rule makes the same calls with the same numbers."""
        ours, theirs = ([c.function for c in rule.recording.calls] for rule in (self, other))
        return ours == theirs and list(map(repr, self.others())) == list(map(repr, other.others()))

    @property
    def rate(self) -> Array | None:
        """The number by which the gradient is multiplied and then subtracted, if that is all."""
        if [call.function for call in self.recording.calls] != [np.multiply, np.subtract]:
            return None
        times, minus = self.recording.calls
        rates = [a for a in times.arguments if not isinstance(a, Noted) and np.ndim(a) == 0]
        plain = minus.arguments[0] is self.weight and minus.arguments[1] is times.result
        ours = any(a is self.gradient for a in times.arguments)
        return rates[0] if plain and ours and len(rates) == 1 else None

    def calls(self, arrays: list[Array], g: Array, ask: Ask) -> list[Call]:
        """The calls, on these arrays."""
        self.gradient.array = g
        for noted, array in zip(self.kept, arrays, strict=True):
            noted.array = array
        self.recording.place(partial(ask, "spare"), self.kept, [self.gradient])
        return list(self.recording.play(0))


class Updates:
    """How a plan changes the weights.

    Args:
        optimizer: The optimizer; ``None`` where only gradients are wanted.
        variables: The weights that it changes; others are frozen.

    Attributes:
        recorded: Whether the optimizer's rule is.
        by_rows: Whether some rows or elements of a weight may change without the others.
        rates: The learning rates of weights whose update is no more than w ← w − rate·g.
    """

    def __init__(self, optimizer: Optimizer | None, variables: Iterable[Variable]) -> None:
        self.optimizer, self.variables = optimizer, list(variables)
        self.trained, self.numbers = set(self.variables), Numbers()
        self.recorded = self.by_rows = False
        self.rates: dict[Variable, Array] = {}
        if optimizer is not None and is_recordable(type(optimizer)):
            try:
                rules = {v: Rule(optimizer, v, v.shape, self.numbers) for v in self.variables}
            except CannotRecord:
                return
            self.recorded = True
            self.by_rows = all(self.is_by_rows(v, rule) for v, rule in rules.items())
            self.rates = {v: rate for v, rule in rules.items() if (rate := rule.rate) is not None}

    def is_by_rows(self, variable: Variable, rule: Rule) -> bool:
        """Whether the rule for some elements of a weight is that for all of them."""
        assert self.optimizer is not None
        if not rule.by_rows:
            return False
        some = (2,) if variable.shape != (2,) else (3,)  # the rule may ask for the gradient's shape
        try:
            return rule.is_like(Rule(self.optimizer, variable, some, self.numbers))
        except Exception:  # whatever a reader's rule thinks of a weight of another shape
            return False

    def arrays(self, variable: Variable) -> list[Array]:
        """What a step changes: the weight, and what the optimizer remembers of it."""
        trains = self.recorded and variable in self.trained
        states = self.optimizer.state(variable) if trains and self.optimizer else []
        return [variable._array, *states]

    def calls(self, variable: Variable, arrays: list[Array], g: Array, ask: Ask) -> list[Call]:
        """The calls that change a weight, or some rows of it, and what is remembered of them.

        Args:
            variable: Whose weight.
            arrays: The weight and what the optimizer remembers, or rows of these.
            g: Its gradient, which is used up.
            ask: Gives memory for something in between.
        """
        if not self.recorded or variable not in self.trained:
            return []
        assert self.optimizer is not None
        rule = Rule(self.optimizer, variable, g.shape, self.numbers)
        return rule.calls(arrays, g, ask)

    def apply(self, gradients: Mapping[Variable, Array]) -> None:
        """The step of an optimizer whose rule is not recorded; it may keep the gradients."""
        assert self.optimizer is not None
        used = [variable for variable in self.variables if variable in gradients]
        self.optimizer.apply([gradients[variable].copy() for variable in used], used)
