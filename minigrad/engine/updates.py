"""Updates in place: each optimizer's rule as NumPy calls that write where the weights are.

Beside ``minigrad/optimizers.py``, where the same rules are written to be read. A rule gets
rows of a weight, of its gradient and of what the optimizer remembers, small enough to stay
in the cache, and returns the calls. The gradient is used up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from minigrad.graph import Variable
from minigrad.optimizers import SGD, Adam, Optimizer

__all__ = ["Rates", "Updates"]

Steps = list[Callable[[], object]]


class Rates:
    """The numbers of a rule as arrays without axes, so that they can change between steps.

    Args:
        optimizer: Whose numbers.
        dtype: Dtype of the weights.
    """

    def __init__(self, optimizer: Optimizer, dtype: Any) -> None:
        self.optimizer = optimizer
        self.rate, self.momentum, self.epsilon = (np.zeros((), dtype) for _ in range(3))
        self.part_1, self.part_2 = np.zeros((), dtype), np.zeros((), dtype)
        self.refresh()

    def refresh(self) -> None:
        """Read the numbers, which may have changed since the last step."""
        optimizer = self.optimizer
        if isinstance(optimizer, Adam):
            self.rate[...] = optimizer.step_size()
            self.part_1[...] = 1 - optimizer.beta_1
            self.part_2[...] = 1 - optimizer.beta_2
            self.epsilon[...] = optimizer.epsilon
        else:
            self.rate[...] = optimizer.learning_rate
            self.momentum[...] = getattr(optimizer, "momentum", 0.0)


def sgd(r: Rates, w: Any, g: Any, state: list[Any], spare: Any) -> Steps:
    # w ← w − rate·g
    return [partial(np.multiply, g, r.rate, out=g), partial(np.subtract, w, g, out=w)]


def momentum(r: Rates, w: Any, g: Any, state: list[Any], spare: Any) -> Steps:
    # v ← momentum·v − rate·g,  w ← w + v
    (v,) = state
    return [
        partial(np.multiply, v, r.momentum, out=v),
        partial(np.multiply, g, r.rate, out=g),
        partial(np.subtract, v, g, out=v),
        partial(np.add, w, v, out=w),
    ]


def nesterov(r: Rates, w: Any, g: Any, state: list[Any], spare: Any) -> Steps:
    # v ← momentum·v − rate·g,  w ← w + momentum·v − rate·g
    (v,) = state
    return [
        *momentum(r, w, g, state, spare)[:3],
        partial(np.subtract, w, g, out=w),
        partial(np.multiply, v, r.momentum, out=g),
        partial(np.add, w, g, out=w),
    ]


def adam(r: Rates, w: Any, g: Any, state: list[Any], spare: Any) -> Steps:
    # m ← m + (1 − β₁)(g − m),  v ← v + (1 − β₂)(g² − v),  w ← w − rate·m/(√v + ε)
    m, v = state
    return [
        partial(np.subtract, g, m, out=spare),
        partial(np.multiply, spare, r.part_1, out=spare),
        partial(np.add, m, spare, out=m),
        partial(np.multiply, g, g, out=g),
        partial(np.subtract, g, v, out=g),
        partial(np.multiply, g, r.part_2, out=g),
        partial(np.add, v, g, out=v),
        partial(np.sqrt, v, out=g),
        partial(np.add, g, r.epsilon, out=g),
        partial(np.divide, m, g, out=g),
        partial(np.multiply, g, r.rate, out=g),
        partial(np.subtract, w, g, out=w),
    ]


def rule_of(optimizer: Optimizer | None) -> Callable[..., Steps] | None:
    """The rule in place for an optimizer, or ``None`` for one of the reader's own."""
    if type(optimizer) is Adam:
        return adam
    if type(optimizer) is SGD:
        return (nesterov if optimizer.nesterov else momentum) if optimizer.momentum else sgd
    return None


class Updates:
    """How a plan changes the weights.

    Args:
        optimizer: The optimizer; ``None`` where only gradients are wanted.
        variables: The weights that it changes; others are frozen.

    Attributes:
        rule: A function of rates, weight, gradient, state and spare memory (or ``None`` for a
            rule that needs none) that returns calls; ``None`` where the optimizer is the reader's
            own.
    """

    def __init__(self, optimizer: Optimizer | None, variables: Iterable[Variable]) -> None:
        self.optimizer, self.variables = optimizer, list(variables)
        self.trained = set(self.variables)
        self.rule = rule_of(optimizer)
        self.rates: dict[Any, Rates] = {}

    def refresh(self) -> None:
        """Read the numbers of the rule, which may have changed since the last step."""
        for rates in self.rates.values():
            rates.refresh()

    def rates_of(self, dtype: Any) -> Rates:
        assert self.optimizer is not None
        return self.rates.setdefault(dtype, Rates(self.optimizer, dtype))

    def rate(self, variable: Variable) -> Any:
        """The learning rate of a weight, where its update is no more than w ← w − rate·g."""
        plain = self.rule is sgd and variable in self.trained
        return self.rates_of(variable.dtype).rate if plain else None

    def states(self, variable: Variable) -> list[Any]:
        """What the optimizer remembers of a weight."""
        trains = self.rule is not None and variable in self.trained
        return self.optimizer.state(variable) if trains and self.optimizer else []

    def calls(
        self, variable: Variable, weight: Any, g: Any, states: list[Any], ask: Callable[..., Any]
    ) -> Steps:
        """The calls that change a weight, or some rows of it, and what is remembered of them.

        Args:
            variable: Whose weight.
            weight: Where the weight is.
            g: Its gradient, which is used up.
            states: What the optimizer remembers.
            ask: Gives memory for something in between.
        """
        if self.rule is None or variable not in self.trained:
            return []
        spare = ask("spare", g.shape, g.dtype) if self.rule is adam else None
        return self.rule(self.rates_of(variable.dtype), weight, g, states, spare)

    def apply(self, gradients: Mapping[Variable, Any]) -> None:
        """The step of an optimizer that has no rule in place."""
        assert self.optimizer is not None
        used = [variable for variable in self.variables if variable in gradients]
        self.optimizer.apply([gradients[variable] for variable in used], used)
        self.optimizer.iterations -= 1  # counted by the plan
