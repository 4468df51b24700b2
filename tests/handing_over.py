"""A program for test_interop_backends: every optimizer to Keras on some backend, and back."""

import keras
import numpy as np
from both_ways import RULES

import minigrad as mg

RNG = np.random.default_rng(5)
X, Y = (RNG.normal(size=(24, n)).astype("float32") for n in (5, 2))


def there_and_back(rule):
    """How far the weights are from those of training that stays, after three epochs."""
    mg.utils.set_random_seed(1)
    stays = mg.Sequential([mg.Input((5,)), mg.layers.Dense(6, "tanh"), mg.layers.Dense(2)])
    stays.compile(rule(mg.optimizers), "mse")

    def train(model):
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)

    train(stays)
    travels = mg.interop.to_keras(stays)
    before = [keras.ops.convert_to_numpy(v).copy() for v in travels.optimizer.variables]
    train(stays)
    for old, now in zip(before, travels.optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(now))  # no memory is shared
    train(travels)
    back = mg.interop.from_keras(travels)
    assert back.optimizer.iterations == stays.optimizer.iterations == 6
    train(stays), train(back)
    pairs = zip(stays.get_weights(), back.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


if __name__ == "__main__":
    for name, rule in RULES.items():
        assert there_and_back(rule) < 1e-5, name
    print(keras.backend.backend(), len(RULES))
