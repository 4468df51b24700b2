"""Optimizers: how a gradient becomes a change of the weights.

``update`` is the rule as the books write it. What an optimizer remembers of a weight
(velocity, moments) is kept beside the rule, in :meth:`Optimizer.state`, so that the
optimized version's kernels go on from the same numbers.

Example:
    >>> import numpy as np, minigrad as mg
    >>> x = mg.Variable(1.0)
    >>> mg.optimizers.SGD(0.1).apply([np.array(2.0)], [x])
    >>> round(float(x.value), 6)
    0.8
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.graph import Variable, recordable
from minigrad.shared import aligned, lookup
from minigrad.shared.showing import as_call

__all__ = ["SGD", "Adam", "Optimizer", "get"]


class Optimizer:
    """A rule for changing weights; the base class of those below.

    Args:
        learning_rate: How far to go; may be changed between epochs.
        name: What to call it.
        not_covered: Keras's other arguments, which are refused by name.

    Attributes:
        iterations: How many steps have been taken.

    Raises:
        ValueError: When the learning rate is no number, or negative.

    Example:
        One of one's own says how a weight changes:

        >>> import numpy as np, minigrad as mg
        >>> class Signs(mg.optimizers.Optimizer):
        ...     def update(self, variable, gradient):
        ...         variable.value = variable.value - self.learning_rate * np.sign(gradient)
        >>> x = mg.Variable([1.0, 1.0])
        >>> Signs(0.5).apply([np.array([7.0, -0.1])], [x])
        >>> x.value
        array([0.5, 1.5])
    """

    slots = 0  # how many arrays are kept for each weight
    __repr__ = as_call

    def __init__(
        self, learning_rate: float = 0.01, name: str | None = None, **not_covered: Any
    ) -> None:
        kind = type(self).__name__
        fine: dict[str, tuple[Any, ...]] = {
            "weight_decay": (None, 0, False),
            "clipnorm": (None,),
            "clipvalue": (None,),
            "global_clipnorm": (None,),
            "use_ema": (False,),
            "ema_momentum": (0.99,),
            "ema_overwrite_frequency": (None,),
            "loss_scale_factor": (None,),
            "gradient_accumulation_steps": (None,),
            "amsgrad": (False,),
        }
        for argument, value in not_covered.items():
            if argument not in fine:
                raise TypeError(
                    f"{kind} has no argument {argument!r}.{lookup.nearest(argument, ARGUMENTS)}"
                )
            lookup.refuse(kind, **{argument: (value, *fine[argument])})
        self.name = name or kind.lower()
        self.learning_rate = learning_rate
        self.iterations = 0
        self.memory: dict[Variable, list[np.ndarray]] = {}

    @property
    def learning_rate(self) -> float:
        """How far a step goes; assign a number to change it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._learning_rate = number(type(self).__name__, "learning_rate", value, np.inf)

    def state(self, variable: Variable) -> list[np.ndarray]:
        """What the optimizer remembers of a weight: arrays of its shape, at first zeros.

        Args:
            variable: The weight.

        Returns:
            The arrays themselves: changing them changes the next step.
        """
        variable._settle()  # what is remembered of a weight may be held with it
        kept = self.memory.setdefault(variable, [])
        while len(kept) < self.slots:
            kept.append(aligned.zeros(variable.shape, variable.dtype))
        return kept[: self.slots]

    def update(self, variable: Variable, gradient: Any) -> None:
        """Change one weight, and what is remembered of it.

        Args:
            variable: The weight.
            gradient: Derivative of the loss with respect to it, of its shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update method yet")

    def apply(self, gradients: Iterable[Any], variables: Iterable[Variable]) -> None:
        """Take one step.

        Args:
            gradients: For each weight the derivative of the loss.
            variables: The weights.

        Raises:
            ValueError: When their numbers or shapes differ. Whatever is raised, nothing has changed.
        """
        gradients, variables = list(gradients), list(variables)
        if len(gradients) != len(variables):
            raise ValueError(
                f"{self.name}: got {len(gradients)} gradients for {len(variables)} variables"
            )
        for gradient, variable in zip(gradients, variables, strict=True):
            if np.shape(gradient) != variable.shape:
                raise ValueError(
                    f"{self.name}: {variable.title} has shape {variable.shape}, "
                    f"its gradient {np.shape(gradient)}"
                )
        arrays = [a for variable in variables for a in (variable._array, *self.state(variable))]
        before, taken, done = [array.copy() for array in arrays], self.iterations, False
        try:
            for gradient, variable in zip(gradients, variables, strict=True):
                self.update(variable, gradient)
            self.iterations, done = taken + 1, True
        finally:
            if not done:  # an error, or Ctrl-C: all is as it was
                deque(map(np.copyto, arrays, before), maxlen=0)
                self.iterations = taken

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """Take one step, from pairs of gradient and weight; see :meth:`apply`."""
        pairs = list(pairs)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])


@recordable
class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient, perhaps with momentum.

        v ← momentum·v − learning_rate·g,    w ← w + v

    Source: Sutskever et al. (2013), eq. 1 to 4; written as Keras writes it.

    Args:
        learning_rate: How far to go.
        momentum: Part of the last step that is taken again, from 0 to 1.
        nesterov: Whether the gradient counts as taken after the momentum.
        not_covered: Keras's other arguments, which are refused by name.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import minigrad as mg
        >>> mg.optimizers.SGD().learning_rate
        0.01
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **not_covered: Any,
    ) -> None:
        self.momentum = number("SGD", "momentum", momentum, 1)
        self.nesterov = bool(nesterov)
        super().__init__(learning_rate, **not_covered)

    @property
    def slots(self) -> int:  # type: ignore[override]
        """How many arrays are kept for each weight (the velocity, where there is momentum)."""
        return 1 if self.momentum else 0

    def update(self, variable: Variable, gradient: Any) -> None:
        step = gradient * self.learning_rate
        if not self.momentum:
            variable.value = variable.value - step
            return
        (velocity,) = self.state(variable)
        velocity *= self.momentum
        velocity -= step
        if self.nesterov:
            variable.value = variable.value - step + velocity * self.momentum
        else:
            variable.value = variable.value + velocity


@recordable
class Adam(Optimizer):
    """Steps whose length is set for each weight by how much its gradient varies.

        m ← m + (1 − β₁)(g − m),    v ← v + (1 − β₂)(g² − v)
        w ← w − learning_rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)

    Source: Kingma and Ba, arXiv 1412.6980, section 2 (the last form of its algorithm 1).

    Args:
        learning_rate: About how far a weight goes in a step.
        beta_1: How long the mean of the gradients is remembered.
        beta_2: How long the mean of their squares is remembered.
        epsilon: Keeps the quotient finite.
        not_covered: Keras's other arguments, which are refused by name.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.Adam().apply([np.array(50.0)], [x])   # the first step is one rate long
        >>> round(float(x.value), 6)
        0.999
    """

    slots = 2

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **not_covered: Any,
    ) -> None:
        self.beta_1 = number("Adam", "beta_1", beta_1, 1)
        self.beta_2 = number("Adam", "beta_2", beta_2, 1)
        self.epsilon = number("Adam", "epsilon", epsilon, np.inf)
        super().__init__(learning_rate, **not_covered)

    def step_size(self) -> float:
        """The learning rate, corrected for moments that start from 0."""
        t = self.iterations + 1
        return self.learning_rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)

    def update(self, variable: Variable, gradient: Any) -> None:
        m, v = self.state(variable)
        m += (gradient - m) * (1 - self.beta_1)
        v += (gradient * gradient - v) * (1 - self.beta_2)
        variable.value = variable.value - m / (np.sqrt(v) + self.epsilon) * self.step_size()


def number(owner: str, argument: str, value: Any, most: float) -> float:
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{owner}: {argument} is a number, got {value!r} (schedules are not covered)"
        ) from None
    if not 0 <= result <= most or result == np.inf:
        limit = f"from 0 to {most}" if most < np.inf else "of at least 0"
        raise ValueError(f"{owner}: {argument} is a number {limit}, got {value!r}")
    return result


ARGUMENTS = (
    "learning_rate",
    "momentum",
    "nesterov",
    "beta_1",
    "beta_2",
    "epsilon",
    "name",
)
NAMES: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def get(identifier: Any) -> Optimizer:
    """The optimizer of that name.

    Args:
        identifier: ``"sgd"``, ``"adam"`` in any case, an optimizer or its class.

    Returns:
        An optimizer.

    Raises:
        ValueError: When there is no optimizer of that name.

    Example:
        >>> import minigrad as mg
        >>> type(mg.optimizers.get("adam")).__name__
        'Adam'
    """
    if isinstance(identifier, str):
        identifier = NAMES.get(identifier.lower(), identifier)
    return lookup.get("optimizer", identifier, NAMES, Optimizer)


__getattr__, __dir__ = lookup.public("optimizers", __all__)
