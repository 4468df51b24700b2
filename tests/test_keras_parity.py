"""minigrad node by node, minigrad planned and Keras, side by side: the same numbers.

Keras runs live here. ``test_keras_reference.py`` does without it, from a stored trace, for far
longer runs.
"""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad_course.studies.train import reference_network

pytest.importorskip("keras", reason="TensorFlow belongs to the test extra")
pytestmark = pytest.mark.usefixtures("keras")

TRACE = Path(__file__).resolve().parents[1] / "data" / "keras_reference.npz"
L, O = mg.layers, mg.optimizers  # noqa: E741


# -- random networks from the whole interface ----------------------------------------------
# Drawn by NumPy, every choice as likely as the next. (Hypothesis prefers what is simple: of thirty
# networks it drew, one had a convolution and none a pooling.)
ACTIVATIONS = ("relu", "elu", "sigmoid", "tanh", "softmax", "linear", None)
INITIALIZERS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "ones", "zeros")
SEEDS = range(30)


class Draw:
    """Choices from a seed."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def one(self, *choices):
        return choices[self.generator.integers(len(choices))]

    def number(self, low, high):
        """A whole number, both ends included."""
        return int(self.generator.integers(low, high + 1))


def window_layer(draw, shape):
    """A layer on pictures of this shape."""
    sides = draw.number(1, min(3, shape[1])), draw.number(1, min(3, shape[2]))
    strides = draw.one(1, 2, (1, 2), (2, 1), (3, 2))
    padding = draw.one("valid", "same")
    kind = draw.one("Conv2D", "Conv2D", "MaxPooling2D", "AveragePooling2D")
    if kind != "Conv2D":
        return getattr(L, kind)(sides, draw.one(None, strides), padding)
    return L.Conv2D(
        draw.number(1, 4),
        sides,
        strides,
        padding,
        activation=draw.one(*ACTIVATIONS),
        use_bias=draw.one(True, False),
        kernel_initializer=draw.one(*INITIALIZERS),
    )


def plain_layer(draw):
    """A layer on whatever comes."""
    kind = draw.one("Activation", "Rescaling", "Dropout", "Dense")
    if kind == "Activation":
        return L.Activation(draw.one(*ACTIVATIONS[:-1]))
    if kind == "Rescaling":
        return L.Rescaling(draw.one(0.5, 1.5), draw.one(0.0, -0.25))
    if kind == "Dropout":
        return L.Dropout(0.0)  # any other rate draws its own masks in each library
    return L.Dense(draw.number(1, 6), draw.one(*ACTIVATIONS), use_bias=draw.one(True, False))


def draw_network(draw):
    """A model, not compiled, that ends in rows of two to four numbers."""
    if draw.one("pictures", "pictures", "rows") == "pictures":
        shape = draw.number(3, 8), draw.number(3, 8), draw.number(1, 3)
        model = mg.Sequential([mg.Input(shape)])
        for _ in range(draw.number(1, 3)):
            pictures = draw.one(True, True, False)
            model.add(window_layer(draw, model.output_shape) if pictures else plain_layer(draw))
        model.add(L.Flatten())
    else:
        model = mg.Sequential([mg.Input((draw.number(1, 8),))])
    for _ in range(draw.number(0, 2)):
        model.add(plain_layer(draw))
    model.add(L.Dense(draw.number(2, 4), draw.one("softmax", "softmax", "sigmoid", None)))
    model.set_weights([0.4 * draw.generator.normal(size=w.shape) for w in model.weights])
    return model


def draw_loss(draw, model):
    last = mg.activations.NAMES
    ends_in = model.layers[-1].activation
    # a sigmoid before a cross-entropy: see test_a_sigmoid_before_a_cross_entropy
    kinds = ["mse", "categorical", "sparse"] if ends_in is last["softmax"] else ["mse"]
    logits = ends_in is last["linear"]
    kind = draw.one(*kinds, *["categorical", "sparse"] * logits)
    reduction = draw.one("sum_over_batch_size", "sum")
    if kind == "mse":
        return mg.losses.MeanSquaredError(reduction)
    if kind == "sparse":
        return mg.losses.SparseCategoricalCrossentropy(logits, reduction=reduction)
    return mg.losses.CategoricalCrossentropy(logits, draw.one(0.0, 0.1), reduction=reduction)


def draw_optimizer(draw):
    """A function that makes one: each model needs its own."""
    kind = draw.one("plain", "momentum", "nesterov", "Adam", "Nadam", "AdamW", "RMSprop", "Adagrad")
    if kind in ("RMSprop", "Adagrad"):
        return lambda: getattr(O, kind)(0.01, epsilon=1e-3)
    if kind[0].isupper():
        # Adam divides by the size of the gradient: an epsilon that is not smaller than the
        # rounding of a gradient that should be 0 keeps the comparison fair.
        beta, epsilon = draw.one(0.9, 0.5), draw.one(1e-3, 1e-2)
        return lambda: getattr(O, kind)(0.01, beta_1=beta, epsilon=epsilon)
    if kind == "plain":
        rate = draw.one(0.01, 0.1)
        return lambda: O.SGD(rate)
    momentum = draw.one(0.5, 0.9)
    return lambda: O.SGD(0.02, momentum=momentum, nesterov=kind == "nesterov")


def draw_all(seed):
    draw = Draw(seed)
    model = draw_network(draw)
    return draw, model, draw_loss(draw, model), draw_optimizer(draw)


def test_the_draws_hold_the_whole_interface():
    seen = set()
    for seed in SEEDS:
        _, model, loss, optimizer = draw_all(seed)
        seen |= {type(loss).__name__, type(optimizer()).__name__}
        seen |= {getattr(optimizer(), "nesterov", False) and "nesterov"}
        for layer in model.layers:
            kind, padding = type(layer).__name__, getattr(layer, "padding", "")
            seen |= {kind, f"{kind} {padding}"}
            if padding and max(np.atleast_1d(layer.strides)) > 1:
                seen.add(f"{kind} {padding}, strided")
    for kind in "Conv2D", "MaxPooling2D", "AveragePooling2D":
        for padding in "valid", "same":
            assert {f"{kind} {padding}", f"{kind} {padding}, strided"} <= seen
    assert {"Dense", "Activation", "Rescaling", "Dropout", "Flatten"} <= seen
    assert {"SGD", "nesterov", "Adam", "MeanSquaredError"} <= seen
    assert {"CategoricalCrossentropy", "SparseCategoricalCrossentropy"} <= seen


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_network_is_the_same_three_times(seed):
    draw, eager, loss, optimizer = draw_all(seed)
    batch_size, split = draw.number(1, 6), draw.one(0.0, 0.3)

    generator = np.random.default_rng(0)
    x = generator.normal(size=(11, *eager.input_shape[1:])).astype("float32")
    labels = generator.integers(eager.output_shape[1], size=11)
    y = labels if loss._whole_numbers else np.eye(eager.output_shape[1], dtype="float32")[labels]
    metrics = ["accuracy"] if loss._whole_numbers else ["accuracy", "mse"]

    eager.compile(optimizer(), loss, metrics=metrics, run_eagerly=True)
    planned = mg.interop.from_keras(mg.interop.to_keras(eager))
    assert planned.run_eagerly is False
    theirs = mg.interop.to_keras(eager)
    theirs.run_eagerly = True  # nothing to trace: seconds become milliseconds
    assert summary(eager) == summary(planned) == summary(theirs)

    wanted = theirs(x).numpy()
    for ours in (eager, planned):
        assert_close(ours.predict(x, verbose=0), wanted)
        assert_close(ours.predict(x, batch_size, verbose=0), wanted)
    compare_gradients(eager, planned, theirs, x, y)

    options = {"batch_size": batch_size, "epochs": 2, "validation_split": split}
    fit = [m.fit(x, y, shuffle=False, verbose=0, **options) for m in (eager, planned, theirs)]
    *ours, reference = fit
    for history in ours:
        assert list(history.history) == list(reference.history)
        assert history.epoch == reference.epoch == [0, 1]
        for name, values in reference.history.items():
            assert len(history.history[name]) == 2
            # a sample whose classes are equally likely but for rounding may count either way
            slack = {"atol": 0.2} if name.endswith("accuracy") else {"rtol": 1e-3, "atol": 1e-4}
            np.testing.assert_allclose(history.history[name], values, **slack, err_msg=name)
    for model in (eager, planned):
        tested = model.evaluate(x, y, verbose=0, return_dict=True)
        for name, value in theirs.test_on_batch(x, y, return_dict=True).items():
            if name != "accuracy":
                assert tested[name] == pytest.approx(value, rel=1e-3, abs=1e-4)
        for mine, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


def assert_close(mine, other, name=""):
    """To more than four digits of the largest, or to what float32 leaves where terms cancel.

    The worst of 150 networks was off by 4e-6 of the largest.
    """
    assert mine.shape == other.shape
    assert np.abs(mine - other).max() <= 3e-5 * np.abs(other).max() + 1e-6, name


def compare_gradients(eager, planned, theirs, x, y):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = theirs.loss(y, theirs(x, training=True))
    wanted = [g.numpy() for g in tape.gradient(loss, theirs.trainable_variables)]

    runner = eager._runner(len(x), True, True, x.dtype)
    network = runner.network
    runner.load(x, eager.loss._check_targets(y, eager.output_shape), slice(None))
    mg.forward(network.order)
    mg.backward(network.order)
    for variable, gradient in zip(eager.trainable_weights, wanted, strict=True):
        assert_close(variable.gradient, gradient, variable.name)

    # a plan keeps its gradients to itself: a step of rate 1 shows them
    twin = mg.interop.from_keras(theirs)
    twin.compile(O.SGD(1.0), twin.loss)
    before = twin.get_weights()
    twin.train_on_batch(x, y)
    for old, new, gradient in zip(before, twin.get_weights(), wanted, strict=True):
        assert_close(old - new, gradient)


def summary(model):
    """Rows of the table and the counts under it; widths of columns do not matter."""
    lines = []
    model.summary(print_fn=lambda line, **_: lines.extend(line.splitlines()))
    rows = [[c.strip() for c in line.split("│")[1:-1]] for line in lines if "│" in line]
    counts = [line.strip() for line in lines if "params:" in line and "Optimizer" not in line]
    # Keras adds the optimizer's numbers to the total of a compiled model
    return joined(rows), [line for line in counts if not line.startswith("Total")]


def joined(rows):
    """Keras wraps long cells: what continues a row has no shape of its own."""
    whole = []
    for row in rows:
        if row[2]:
            whole.append(row)
        else:
            whole[-1] = [a + b for a, b in zip(whole[-1], row, strict=True)]
    return [[cell.replace(" ", "") for cell in row] for row in whole]


def test_a_sigmoid_before_a_cross_entropy():
    """The one place known where the two differ, and where Keras differs from itself.

    Keras computes the loss as if the numbers before the sigmoid were those before a softmax; of
    the same predictions handed over as an array it says what minigrad says.
    """
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(11, 3)), np.eye(3)[generator.integers(3, size=11)]
    model = mg.Sequential([mg.Input((3,)), L.Dense(3, "sigmoid")])
    model.set_weights([generator.normal(size=(3, 3)), np.zeros(3)])
    model.compile("sgd", "categorical_crossentropy")
    theirs = mg.interop.to_keras(model)
    in_the_model = theirs.test_on_batch(x, y)
    alone = float(theirs.loss(y, theirs.predict(x, verbose=0)))
    assert model.test_on_batch(x, y) == pytest.approx(alone, rel=1e-6)
    assert abs(in_the_model - alone) > 0.01


# -- the reference network -----------------------------------------------------------------
@pytest.fixture(scope="module")
def trace():
    with np.load(TRACE, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def pictures():
    (x, labels), _ = mg.datasets.fashion_mnist.load_data()
    x = x[..., None].astype("float32") / 255
    return x, mg.utils.to_categorical(labels, 10).astype("float32")


def reference(trace, **options):
    model = reference_network()
    model.set_weights([trace[f"initial/{i}"] for i in range(6)])
    model.compile(O.SGD(0.01), "categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def test_the_reference_network_three_times(trace, pictures):
    """Loss, accuracy and weights, step by step; Keras as it comes: traced and compiled."""
    rows = trace["epoch/order"][: 12 * 128].astype(int).reshape(12, 128)
    models = [reference(trace, run_eagerly=True), reference(trace)]
    models.append(mg.interop.to_keras(models[0]))
    logs = np.array(
        [[m.train_on_batch(pictures[0][r], pictures[1][r]) for r in rows] for m in models]
    )  # (model, step, loss or accuracy)
    eager, planned, theirs = logs
    np.testing.assert_allclose(eager, theirs, atol=1e-5)
    np.testing.assert_allclose(planned, theirs, atol=1e-5)
    for ours in models[:2]:
        for mine, other in zip(ours.get_weights(), models[2].get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5 * np.abs(other).max())


def test_the_keras_installed_repeats_the_stored_trace(trace, pictures, keras):
    import tensorflow as tf

    theirs = mg.interop.to_keras(reference(trace))
    rows = trace["epoch/order"][: 40 * 128].astype(int).reshape(40, 128)
    x, y = pictures[0][rows[0]], pictures[1][rows[0]]
    with tf.GradientTape() as tape:
        loss = keras.losses.CategoricalCrossentropy()(y, theirs(x, training=True))
    for i, gradient in enumerate(tape.gradient(loss, theirs.trainable_variables)):
        stored = trace[f"gradient/{i}"]
        assert np.abs(gradient.numpy() - stored).max() <= 1e-5 * np.abs(stored).max()
    losses = [theirs.train_on_batch(pictures[0][r], pictures[1][r])[0] for r in rows]
    np.testing.assert_allclose(losses, trace["epoch/losses"][:40], atol=1e-5)


# -- what fit prints and returns -----------------------------------------------------------
PRINTED = {
    "fit": lambda m, x, y, v: m.fit(x, y, batch_size=4, epochs=2, verbose=v),
    "fit with validation": lambda m, x, y, v: m.fit(
        x, y, batch_size=4, epochs=1, verbose=v, validation_split=0.3
    ),
    "evaluate": lambda m, x, y, v: m.evaluate(x, y, batch_size=4, verbose=v),
    "predict": lambda m, x, y, v: m.predict(x, batch_size=4, verbose=v),
}


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("work", PRINTED.values(), ids=PRINTED)
def test_the_progress_line_tells_the_same(work, verbose):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(10, 3)), np.eye(2)[generator.integers(2, size=10)]
    model = mg.Sequential([mg.Input((3,)), L.Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    theirs = mg.interop.to_keras(model)
    theirs.run_eagerly = True
    assert told(lambda: work(model, x, y, verbose)) == told(lambda: work(theirs, x, y, verbose))


def told(work):
    """What is printed, line by line: what stands there in the end, without times and values."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        work()
    lines = []
    for line in re.sub("\x1b\\[[0-9;]*m", "", out.getvalue()).splitlines():
        line = line.replace("\b", "\r").split("\r")[-1]
        bar = re.sub(r"[━=#-]{5,}", "BAR", line)
        line = re.sub(r"\d+(\.\d+)?(e-\d+)?(h|m?s|us)(/step)?", r"TIME\4", bar)
        line = re.sub(r"(: )\d+\.\d+(e-\d+)?", r"\1N", line).strip()
        lines += [" ".join(line.split())] * bool(line)
    return lines
