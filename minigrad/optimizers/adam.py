"""Adam and its variants: steps by a running mean of the gradients, over one of their size."""

from typing import Any

import numpy as np

from minigrad.graph import Variable, recordable
from minigrad.optimizers.base import Optimizer, average
from minigrad.optimizers.learning_rate import below_1
from minigrad.shared.arguments import number
from minigrad.shared.settings import argument, not_covered

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]

# The product of 1 − ½·0.96ⁱ over the steps: from the thousandth on the factors are 1 to rounding.
WARMING = np.cumprod(1 - 0.5 * 0.96 ** np.arange(1, 1001)).tolist()


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
        common: See :class:`Optimizer`.

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

    learning_rate: Any = argument(default=0.001)
    beta_1: float = argument(below_1, 0.9)
    beta_2: float = argument(below_1, 0.999)
    epsilon: float = argument(number, 1e-7, least=0)
    amsgrad: bool = not_covered(False)

    def step_size(self) -> float:
        """The learning rate, corrected for moments that start from 0."""
        t = self.iterations + 1
        return self.learning_rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)

    def update(self, variable: Variable, gradient: Any) -> None:
        m, v = self.state(variable)
        average(m, gradient, self.beta_1)
        average(v, gradient * gradient, self.beta_2)
        variable.value = variable.value - m / (np.sqrt(v) + self.epsilon) * self.step_size()


@recordable
class AdamW(Adam):
    """Adam, with weights that lose a part of themselves in each step.

        w ← w − learning_rate · weight_decay · w,    then Adam's step

    Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2; the decay is multiplied with
    the learning rate, as Keras has it.

    Args:
        learning_rate: About how far a weight goes in a step.
        weight_decay: Part of a weight, times the learning rate, that is lost.
        beta_1: How long the mean of the gradients is remembered.
        beta_2: How long the mean of their squares is remembered.
        epsilon: Keeps the quotient finite.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.AdamW(0.1, weight_decay=0.5).apply([np.array(0.0)], [x])
        >>> round(float(x.value), 6)
        0.95
    """

    learning_rate: Any = argument(default=0.001)
    weight_decay: float = argument(number, 0.004, least=0)


@recordable
class Adamax(Adam, amsgrad=False):
    """Adam, with the largest gradient, which fades, in place of the root of the mean of squares.

        m ← m + (1 − β₁)(g − m),    u ← max(β₂u, abs(g))
        w ← w − learning_rate / (1 − β₁ᵗ) · m / (u + ε)

    Source: Kingma and Ba, arXiv 1412.6980, section 7.1, with Keras's ε.

    Args:
        learning_rate: About how far a weight goes in a step.
        beta_1: How long the mean of the gradients is remembered.
        beta_2: How slowly the largest gradient fades.
        epsilon: Keeps the quotient finite.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.Adamax().apply([np.array(50.0)], [x])
        >>> round(float(x.value), 6)
        0.999
    """

    def update(self, variable: Variable, gradient: Any) -> None:
        m, u = self.state(variable)
        average(m, gradient, self.beta_1)
        u[...] = np.maximum(u * self.beta_2, np.abs(gradient))
        rate = self.learning_rate / (1 - self.beta_1 ** (self.iterations + 1))
        variable.value = variable.value - m / (u + self.epsilon) * rate


@recordable
class Nadam(Adam, amsgrad=False):
    """Adam, with a momentum that grows and counts as taken already.

        μₜ = β₁(1 − ½·0.96ᵗ),    m and v as in Adam
        w ← w − learning_rate · m̂ / (√(v/(1 − β₂ᵗ)) + ε)
        with m̂ = μₜ₊₁m/(1 − μ₁⋯μₜ₊₁) + (1 − μₜ)g/(1 − μ₁⋯μₜ)

    Source: Dozat (2016), "Incorporating Nesterov momentum into Adam", algorithm 2 and section 3.

    Args:
        learning_rate: About how far a weight goes in a step.
        beta_1: How long the mean of the gradients is remembered, in the end.
        beta_2: How long the mean of their squares is remembered.
        epsilon: Keeps the quotient finite.
        common: See :class:`Optimizer`.

    Raises:
        ValueError: For arguments that are not covered or make no sense.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable(1.0)
        >>> mg.optimizers.Nadam().apply([np.array(50.0)], [x])
        >>> round(float(x.value), 6)
        0.998937
    """

    _looked_up = (*Adam._looked_up, "_product")

    @property
    def _product(self) -> float:
        """μ₁⋯μₜ, of all steps that have been taken."""
        t = self.iterations
        return self.beta_1**t * (WARMING[min(t, len(WARMING)) - 1] if t else 1.0)

    def update(self, variable: Variable, gradient: Any) -> None:
        m, v = self.state(variable)
        average(m, gradient, self.beta_1)
        average(v, gradient * gradient, self.beta_2)
        t = self.iterations + 1
        now, then = (self.beta_1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
        product = self._product * now
        mean = m * (then / (1 - product * then)) + gradient * ((1 - now) / (1 - product))
        size = np.sqrt(v * (1 / (1 - self.beta_2**t))) + self.epsilon
        variable.value = variable.value - mean / size * self.learning_rate
