"""The last good weights, for training that ends in numbers that are not finite."""

from typing import Any

import numpy as np

from minigrad.graph import Variable


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
        >>> good.keep()
        >>> model.layers[0].kernel.value = [[np.inf]]
        >>> good.bring_back(), bool(np.isfinite(model.get_weights()).all())
        ('Variable "d/kernel"', True)
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.trained: set[Variable] = set()
        self.kept: dict[Variable, list[np.ndarray]] = {}  # from epoch to epoch the same memory

    def arrays(self, weight: Variable) -> list[np.ndarray]:
        """A weight's value, and what the optimizer remembers of it."""
        optimizer = self.model.optimizer
        states = optimizer.state(weight) if optimizer.slots and weight in self.trained else []
        return [weight._current, *states]

    def keep(self) -> None:
        """Note how all is now."""
        self.trained, before = set(self.model.trainable_weights), self.kept
        self.kept = {}
        for weight in self.model.weights:
            now, copies = self.arrays(weight), before.get(weight, [])
            if len(copies) != len(now):
                copies = [np.empty_like(array) for array in now]
            for copy, array in zip(copies, now, strict=True):
                np.copyto(copy, array)
            self.kept[weight] = copies
        self.iterations = self.model.optimizer.iterations

    def bring_back(self) -> str:
        """Have all as it was if a weight that is trained is not finite, and say which."""
        lost = next((w.title for w in self.kept if w in self.trained and not is_finite(w)), "")
        if lost:
            for weight, (value, *states) in self.kept.items():
                weight.value = value
                for state, kept in zip(self.arrays(weight)[1:], states, strict=True):
                    np.copyto(state, kept)
            self.model.optimizer.iterations = self.iterations
        return lost


def is_finite(weight: Variable) -> bool:
    """Whether no number of a weight is infinite or none; mostly the sum tells, and is cheap."""
    value = weight._array  # which brings it up to date, once for this look and the next note
    with np.errstate(all="ignore"):
        return bool(np.isfinite(value.sum()) or np.isfinite(value).all())
