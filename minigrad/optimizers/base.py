"""What every optimizer has: a learning rate, a memory of each weight, and a step as a whole.

``update`` is the rule as the books write it. What an optimizer remembers of a weight
(velocity, moments) is kept beside the rule, in :meth:`Optimizer.state`, so that the
optimized version's kernels go on from the same numbers.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from minigrad.graph import Variable
from minigrad.optimizers import schedules
from minigrad.optimizers.learning_rate import LearningRate, amount
from minigrad.optimizers.schedules import LearningRateSchedule
from minigrad.shared import aligned
from minigrad.shared.arguments import brief, configuration, default_name, number
from minigrad.shared.settings import Configured, argument, not_covered
from minigrad.shared.showing import as_call
from minigrad.shared.turns import Lock

FORMER = {  # arguments that Keras had once
    "lr": " It is called learning_rate.",
    "decay": " A rate that falls is learning_rate=optimizers.schedules.InverseTimeDecay(rate, 1, "
    "decay), or another of optimizers.schedules.",
}


class WithRate(Configured):
    """What has a learning rate, which may follow a schedule."""

    iterations = 0

    @property
    def learning_rate(self) -> LearningRate:
        """How far a step goes; assign a number to change it."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            kind = type(rate).__name__
            return LearningRate(number(kind, "the learning rate", rate(self.iterations), 0))
        return LearningRate(rate, self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        kind, old = type(self).__name__, getattr(self, "_learning_rate", None)
        follows = isinstance(value, LearningRateSchedule)
        if callable(value) and not follows:
            raise ValueError(f"{kind}: learning_rate is a number or a schedule, got {brief(value)}")
        if isinstance(old, LearningRateSchedule) and not follows:
            raise TypeError(
                f"{kind}: learning_rate follows {type(old).__name__} and cannot be set; compile "
                "with a number for learning_rate to set it while training"
            )
        self._learning_rate = value if follows else number(kind, "learning_rate", value, 0)


class Optimizer(WithRate):
    """A rule for changing weights; the base class of all optimizers.

    Args:
        learning_rate: How far to go: a number, which may be changed between steps, or one of
            ``mg.optimizers.schedules``.
        weight_decay: Part of a weight, times the learning rate, that is lost in each step.
        clipnorm: The largest norm that the gradient of a weight may have; a longer one is
            shortened.
        clipvalue: The largest number that a gradient may hold, with either sign.
        name: What to call it.
        arguments: Those of this class and of a derived one, in the order in which they are declared.
        options: The same by name; Keras's that are not covered are refused.

    Attributes:
        iterations: How many steps have been taken.

    Raises:
        ValueError: When a number is none, or negative, or both ways of clipping are wanted.

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

    learning_rate: Any = argument(default=0.01)  # type: ignore[assignment]
    weight_decay: float | None = argument(amount, None)
    clipnorm: float | None = argument(amount, None)
    clipvalue: float | None = argument(amount, None)
    global_clipnorm: None = not_covered(None)
    use_ema: bool = not_covered(False)
    ema_momentum: float = not_covered(0.99)
    ema_overwrite_frequency: None = not_covered(None)
    loss_scale_factor: None = not_covered(None)
    gradient_accumulation_steps: None = not_covered(None)
    name: str = argument(default=None, usual=lambda optimizer: default_name(type(optimizer)))

    slots = 0  # how many arrays are kept for each weight
    __repr__ = as_call
    _fresh = 0.0  # what these hold at first
    _turn: Lock | None = None  # of the models that it trains
    _looked_up: tuple[str, ...] = ("learning_rate",)  # properties, other numbers in each step

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.iterations = 0
        self.memory: dict[Variable, list[np.ndarray]] = {}

    def _agree(self) -> None:
        if self.clipnorm is not None and self.clipvalue is not None:
            raise ValueError(
                f"{type(self).__name__}: clip by clipnorm or by clipvalue, not by both"
            )

    def _hint(self, name: str) -> str:
        return FORMER.get(name) or super()._hint(name)

    def get_config(self) -> dict[str, Any]:
        """What it was made with, as :meth:`from_config` takes it; the same as Keras's."""
        rate = self._learning_rate
        told = schedules.serialize(rate) if isinstance(rate, LearningRateSchedule) else rate
        refused = {n: each.default for n, each in self._declared.items() if not each.kept}
        return {**refused, **configuration(self), "learning_rate": told}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An optimizer with these arguments, of :meth:`get_config` here or in Keras."""
        rate = config.get("learning_rate")
        rate = {"learning_rate": schedules.deserialize(rate)} if isinstance(rate, dict) else {}
        return cls(**{**config, **rate})

    def state(self, variable: Variable) -> list[np.ndarray]:
        """What the optimizer remembers of a weight: arrays of its shape.

        Args:
            variable: The weight.

        Returns:
            The arrays themselves: changing them changes the next step.
        """
        variable._settle()  # what is remembered of a weight may be held with it
        kept = self.memory.setdefault(variable, [])
        while len(kept) < self.slots:
            kept.append(aligned.zeros(variable.shape, variable.dtype))
            kept[-1].fill(self._fresh)
        return kept[: self.slots]

    def update(self, variable: Variable, gradient: Any) -> None:
        """Change one weight, and what is remembered of it.

        Args:
            variable: The weight.
            gradient: Derivative of the loss with respect to it, of its shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update method yet")

    def _change(self, variable: Variable, gradient: Any) -> None:
        """What a step does to one weight: clip its gradient, decay, and the rule."""
        if self.clipnorm:
            norm = np.sqrt(np.sum(gradient * gradient))
            gradient = gradient * (self.clipnorm / np.maximum(norm, self.clipnorm))
        if self.clipvalue:
            gradient = np.minimum(np.maximum(gradient, -self.clipvalue), self.clipvalue)
        if self.weight_decay:
            variable.value = variable.value * (1 - self.weight_decay * self.learning_rate)
        self.update(variable, gradient)

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
                self._change(variable, gradient)
            self.iterations, done = taken + 1, True
        finally:
            if not done:  # an error, or Ctrl-C: all is as it was
                deque(map(np.copyto, arrays, before), maxlen=0)
                self.iterations = taken

    def apply_gradients(self, pairs: Iterable[tuple[Any, Variable]]) -> None:
        """Take one step, from pairs of gradient and weight; see :meth:`apply`."""
        pairs = list(pairs)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])


def average(kept: Any, new: Any, beta: float) -> None:
    """Move a running mean toward a new value: of the old one the part ``beta`` is left."""
    kept += (new - kept) * (1 - beta)
