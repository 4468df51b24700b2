"""The last good weights, for training that ends in numbers that are not finite."""

from typing import Any

import numpy as np


class LastGood:
    """Weights, and what the optimizer remembers of them, as they were when an epoch began.

    A gradient may leave a number type where the loss does not. Looking at every weight in every
    step would cost as much as changing it; they are looked at when the epoch ends, and when a loss
    is not finite.

    Args:
        model: A compiled model that is built.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad.model.last_good import LastGood
        >>> model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1, use_bias=False, name="d")])
        >>> model.compile("sgd", "mse")
        >>> good = LastGood(model)
        >>> model.layers[0].kernel.value = [[np.inf]]
        >>> good.bring_back(), bool(np.isfinite(model.get_weights()).all())
        ('Variable "d/kernel"', True)
    """

    def __init__(self, model: Any) -> None:
        self.optimizer, self.trained = model.optimizer, model.trainable_weights
        states = (state for weight in self.trained for state in self.optimizer.state(weight))
        self.weights = [(weight, np.array(weight.value)) for weight in model.weights]
        self.states = [(state, state.copy()) for state in states]
        self.iterations = self.optimizer.iterations

    def bring_back(self) -> str:
        """Have all as it was if a weight that is trained is not finite, and say which."""
        lost = next((w.title for w in self.trained if not np.isfinite(w._current).all()), "")
        if lost:
            for weight, value in self.weights:
                weight.value = value
            for state, value in self.states:
                np.copyto(state, value)
            self.optimizer.iterations = self.iterations
        return lost
