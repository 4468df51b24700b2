"""Random graphs of layers over the whole interface: planned, node by node and Keras agree.

Branches begin anywhere and meet again, layers are used twice, weights cost, batches are
normalized. In float64, so that what disagrees is a fault and no rounding.
"""

import inspect

import numpy as np
import pytest
from long_forms import has_a_long_form, times
from test_engine import engine, floats

import minigrad as mg

pytest.importorskip("keras", reason="TensorFlow belongs to the test extra")

L = mg.layers
SEEDS = range(times(80, 3000))
LARGEST = 400  # numbers of a sample between two layers
# exponential grows beyond all bounds in a few layers; each is compared alone in test_layers.py
ACTIVATIONS = sorted({*mg.activations.NAMES, None} - {"exponential"}, key=str)
OPTIMIZERS = [
    kind
    for kind in (getattr(mg.optimizers, name) for name in mg.optimizers.__all__)
    if inspect.isclass(kind) and kind is not mg.optimizers.Optimizer
    and issubclass(kind, mg.optimizers.Optimizer)
]  # fmt: skip
# Keras takes the numbers of optimizers and regularizers through float32, in which these are exact.
# (Of 0.01 it makes 0.00999999978, and hands that on: weights would differ by 1e-8.)
COSTS = [
    *(None, None, mg.regularizers.L1(2**-6), mg.regularizers.L2(2**-6)),
    mg.regularizers.L1L2(2**-6, 2**-5),
]
EXACT = {
    **{"learning_rate": 2**-6, "momentum": 0.5, "rho": 0.875, "epsilon": 2**-20},
    **{"beta_1": 0.875, "beta_2": 0.9375},
}
LOSSES = {
    "softmax": ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "KLDivergence"),
    "sigmoid": ("BinaryCrossentropy", "MeanSquaredError"),
    None: ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh"),
}
ANYWHERE = {
    "activation": lambda d: L.Activation(d.one(*ACTIVATIONS[:-1]) or "relu"),
    "ELU": lambda d: L.ELU(d.one(0.5, 1.0)),
    "LeakyReLU": lambda d: L.LeakyReLU(d.one(0.1, 0.3)),
    "ReLU": lambda d: L.ReLU(d.one(None, 1.0), d.one(0.0, 0.1), d.one(0.0, 0.2)),
    "Softmax": lambda d: L.Softmax(),
    "Dropout": lambda d: L.Dropout(0.0),  # any other rate draws its own masks in each library
    "Rescaling": lambda d: L.Rescaling(d.one(0.5, 1.5), d.one(0.0, -0.25)),
    "BatchNormalization": lambda d: L.BatchNormalization(momentum=0.9, epsilon=0.1),
    "Dense": lambda d: L.Dense(d.number(1, 4), d.one(*ACTIVATIONS), **d.with_weights()),
}
ON_PICTURES = {
    "Conv2D": lambda d: L.Conv2D(
        d.number(1, 3), d.window(), d.one(1, 2), d.one("same", "valid"),
        activation=d.one(*ACTIVATIONS), **d.with_weights(),
    ),
    "Conv2DTranspose": lambda d: L.Conv2DTranspose(
        d.number(1, 3), d.number(1, 3), d.one(1, 2, (1, 3)), d.one("same", "valid"),
        activation=d.one(*ACTIVATIONS), **d.with_weights(),
    ),
    "MaxPooling2D": lambda d: L.MaxPooling2D(d.window(), d.one(None, None, 1, 2), d.one("same", "valid")),
    "AveragePooling2D": lambda d: L.AveragePooling2D(d.window(), d.one(None, None, 1, 2), d.one("same", "valid")),
    "ZeroPadding2D": lambda d: L.ZeroPadding2D(d.one(1, (0, 1), ((1, 0), (0, 2)))),
    "UpSampling2D": lambda d: L.UpSampling2D(d.one(2, (1, 2))),
    "Permute": lambda d: L.Permute(d.one((2, 1, 3), (3, 1, 2))),
    "GlobalAveragePooling2D": lambda d: L.GlobalAveragePooling2D(),
    "GlobalMaxPooling2D": lambda d: L.GlobalMaxPooling2D(keepdims=d.one(True, False)),
    "Flatten": lambda d: L.Flatten(),
}  # fmt: skip
ON_ROWS = {"Reshape": lambda d: L.Reshape((-1, 1))}
MEETING = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate")
GROWING = ("ZeroPadding2D", "UpSampling2D", "Conv2DTranspose")


class Draw:
    """Choices from a seed, and the model that they make."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        self.seen, self.used = set(), {}
        self.model = self.a_model()

    def one(self, *choices):
        return choices[self.generator.integers(len(choices))]

    def number(self, low, high):
        return int(self.generator.integers(low, high + 1))

    def window(self):
        return self.number(1, 2), self.number(1, 2)

    def with_weights(self):
        costs = [self.one(*COSTS) for _ in "kb"]
        return {
            "use_bias": self.one(True, True, False),
            "kernel_regularizer": costs[0],
            "bias_regularizer": costs[1],
        }

    def a_model(self):
        shape = self.one((5, 4, 2), (4, 4, 1), (6,))
        inputs = mg.Input(shape)
        tensors = [inputs]
        for _ in range(self.number(2, 6)):
            tensors.append(self.next(tensors))
        ends = [t if t.ndim == 2 else L.Flatten()(t) for t in tensors[-2:]]
        joined = L.Concatenate()(ends)
        self.activation = self.one(*LOSSES)
        result = L.Dense(self.number(2, 4), self.activation)(joined)
        model = mg.Model(inputs, result)
        for weight in model.weights:
            start = 0.4 * self.generator.normal(size=weight.shape)
            weight.value = np.abs(start) + 0.5 if "variance" in weight.name else start
        return model

    def next(self, tensors):
        """One more tensor: of one layer, or where two or three of those there are meet."""
        tensor = self.one(*tensors, *3 * tensors[-1:])  # chains are what the engine knows most of
        alike = [other for other in tensors if other.shape == tensor.shape]
        if len(alike) > 1 and self.one(True, False):
            kind = self.one(*MEETING)
            self.seen.add(kind)
            others = [self.one(*alike) for _ in range(1 if kind == "Subtract" else 2)]
            return getattr(L, kind)()([tensor, *others])
        before = self.used.get(tensor.shape)
        if before and self.one(True, False, False):
            self.seen.add("a layer used twice")
            return before(tensor)
        kinds = {**ANYWHERE, **(ON_PICTURES if tensor.ndim == 4 else ON_ROWS)}
        while True:
            kind = self.one(*kinds, *5 * ["Conv2D"]) if tensor.ndim == 4 else self.one(*kinds)
            layer = kinds[kind](self)
            try:
                shape = layer.compute_output_shape(tensor.shape)
            except ValueError as error:
                assert "does not fit" in str(error)  # pictures have become smaller than a window
                continue
            if np.prod(shape[1:]) <= LARGEST or kind not in GROWING:
                break
        self.seen.add(kind)
        if kind in ("Dense", "Conv2D"):
            self.used[tensor.shape] = layer
        result = layer(tensor)
        if kind == "Conv2D" and self.one(True, False):  # the engine computes both together
            window = self.window()
            if all(n >= w for n, w in zip(result.shape[1:3], window, strict=True)):
                result = L.MaxPooling2D(window)(result)
        return result

    def compile(self):
        loss = getattr(mg.losses, self.one(*LOSSES[self.activation]))()
        kind = self.one(*OPTIMIZERS)
        taken = inspect.signature(kind).parameters
        optimizer = kind(**{name: value for name, value in EXACT.items() if name in taken})
        self.seen |= {type(loss).__name__, type(optimizer).__name__}
        self.model.compile(optimizer, loss, run_eagerly=True)
        count, classes = self.number(3, 9), self.model.output_shape[1]
        x = self.generator.normal(size=(count, *self.model.input_shape[1:]))
        labels = self.generator.integers(classes, size=count)
        return x, labels if loss._whole_numbers else np.eye(classes)[labels]


@pytest.fixture
def double(keras):
    # The policy is made of floatx when it is first asked for, and kept: it is set with it.
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    with floats("float64"):
        yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def test_the_draws_hold_the_whole_interface():
    seen = set()
    for seed in range(300):
        draw = Draw(seed)
        draw.compile()
        seen |= draw.seen
    wanted = {*ANYWHERE, *ON_PICTURES, *ON_ROWS, *MEETING, "a layer used twice"}
    wanted |= {name for names in LOSSES.values() for name in names}
    assert seen == wanted | {kind.__name__ for kind in OPTIMIZERS}
    layers = {
        n for n in L.__all__ if inspect.isclass(getattr(L, n)) and n == getattr(L, n).__name__
    }
    assert layers - wanted == {"Activation", "InputLayer", "Lambda", "Layer"}


def close(mine, other, what="", slack=1e-6):
    """Keras computes with some constants in float32."""
    np.testing.assert_allclose(mine, other, rtol=slack, atol=slack / 5, err_msg=what)


@has_a_long_form
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("seed", SEEDS)
def test_three_times_the_same(seed, figures):
    draw = Draw(seed)
    walked = draw.model
    x, y = draw.compile()
    theirs = mg.interop.to_keras(walked)
    planned = mg.interop.from_keras(theirs)
    theirs.run_eagerly = True
    compare_gradients(walked, theirs, x, y)
    with engine(threads=1 + seed % 3, large=200, cache=1 << 13):
        for step in range(3):
            wanted = theirs.train_on_batch(x, y)
            for model in (walked, planned):
                close(model.train_on_batch(x, y), wanted, f"loss of step {step}")
        for mine, twin, other in zip(walked.weights, planned.weights, theirs.weights, strict=True):
            close(twin.value, mine.value, mine.name, slack=1e-11)
            close(mine.value, other.numpy(), mine.name)
        for model in (walked, planned):
            close(model.predict(x, verbose=0), theirs(x).numpy(), "predictions")
            close(model.evaluate(x, y, verbose=0), theirs.test_on_batch(x, y), "evaluate")
    if seed == SEEDS[-1]:
        figures(f"random models: {len(SEEDS)}, plan = node by node = Keras")


def compare_gradients(walked, theirs, x, y):
    import tensorflow as tf

    start = walked.get_weights()
    with tf.GradientTape() as tape:
        loss = theirs.compute_loss(x, y, theirs(x, training=True))
    wanted = tape.gradient(loss, theirs.trainable_variables)
    network = walked.network(len(x), training=True)
    network.inputs.value, network.targets.value = x, y
    mg.forward(network.order)
    mg.backward(network.order)
    close(network.loss.value, loss.numpy(), "loss")
    for variable, gradient in zip(walked.trainable_weights, wanted, strict=True):
        wanted = 0 if gradient is None else gradient.numpy()
        close(variable.gradient, wanted, variable.name)
    for model in (walked, theirs):  # the moving averages went on
        model.set_weights(start)
