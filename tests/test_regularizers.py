"""What weights cost: Keras's losses, with and without a plan, in pieces, and frozen weights."""

import numpy as np
import pytest
from both_ways import both_ways, fit_both, way
from counting import counting
from test_engine import engine

import minigrad as mg
from minigrad.gradcheck import check_gradient

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 8, 8, 1)).astype("float32")
Y = rng.integers(3, size=40)
KINDS = {"l1": (0.1,), "l2": (0.1,), "l1_l2": (0.1, 0.02), "L1": (), "L2": (), "L1L2": (0.0, 0.3)}
WAYS = {"by a plan": False, "node by node": True}


def made(lib):
    costs = lib.regularizers
    model = lib.Sequential(
        [
            lib.Input((8, 8, 1)),
            lib.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=costs.l1_l2(0.01, 0.02)),
            lib.layers.Flatten(),
            lib.layers.Dense(16, "elu", kernel_regularizer="l2", bias_regularizer=costs.L1(0.5)),
            lib.layers.Dense(3, "softmax", name="end"),
        ]
    )
    model.compile(lib.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_is_keras_s(keras, kind):
    weight = rng.normal(size=(3, 4)).astype("float32")
    mine, theirs = (getattr(lib.regularizers, kind)(*KINDS[kind]) for lib in (mg, keras))
    assert float(mine(weight)) == pytest.approx(float(theirs(weight)), rel=1e-6)
    assert check_gradient(mine, rng.normal(size=(3, 4)))


@pytest.mark.parametrize("eagerly", WAYS.values(), ids=WAYS)
def test_training_is_keras_s(keras, eagerly):
    theirs = made(keras)
    ours = mg.interop.from_keras(theirs)
    ours.run_eagerly = eagerly
    fit = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    wanted, losses = (m.fit(X, Y, **fit).history["loss"] for m in (theirs, ours))
    assert losses == pytest.approx(wanted, rel=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    back = mg.interop.to_keras(ours)
    tested = [m.evaluate(X, Y, verbose=0) for m in (ours, theirs, back)]
    assert tested == pytest.approx([tested[0]] * 3, rel=1e-5)
    assert tested[0] > mg.losses.sparse_categorical_crossentropy(Y, ours.predict(X)).mean() + 0.1


@pytest.mark.parametrize("threads, cache", [(1, 1 << 20), (2, 1 << 13), (3, 1 << 12)])
def test_a_batch_in_pieces_pays_once(threads, cache):
    def layers():
        yield mg.layers.Conv2D(3, 2, kernel_regularizer="l1")
        yield mg.layers.Flatten()
        yield mg.layers.Dense(20, "elu", kernel_regularizer=mg.regularizers.l1_l2(0.1, 0.2))
        yield mg.layers.Dense(2, bias_regularizer=lambda bias: 0.3 * np.max(np.exp(bias)))

    with engine(threads, cache=cache):
        models = both_ways(lambda: list(layers()), (6, 6, 1))
        fit_both(models, batch=24, count=53)
        if cache < 1 << 20:
            assert way(models[1]) == "pictures"


def test_a_frozen_weight_costs_nothing():
    model = made(mg)
    before = model.evaluate(X, Y, verbose=0)
    cost = mg.regularizers.L2()(model.layers[2].kernel.value)
    model.layers[2].trainable = False
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(before - cost, rel=1e-5)
    assert len(model.losses) == 1


def test_a_step_makes_no_array():
    model = made(mg)
    with engine(1):
        runner = model._runner(16, True, True, X.dtype)
        runner.load(X, Y, slice(0, 16))
        runner.train_step()
        with counting() as requests:
            runner.train_step()
    assert requests == []


def test_a_weight_of_a_layer_of_one_s_own():
    class Scale(mg.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(input_shape[-1:], "ones", regularizer="l1")

        def call(self, inputs):
            return inputs * self.factor

    layer = Scale(name="mine")
    model = mg.Sequential([mg.Input((3,)), layer])
    order = mg.topological_sort(*model.losses)
    assert mg.forward(order) == pytest.approx(0.03) and order[-1].name == "mine"


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: mg.regularizers.L2(-1), "L2: l2 is a number of at least 0, got -1"),
        (lambda: mg.layers.Dense(1, kernel_regularizer="l3"), "Dense: kernel_regularizer: regul"),
        (lambda: mg.layers.Dense(1, activity_regularizer="l2"), "activity_regularizer='l2' is not"),
        (
            lambda: mg.layers.Flatten(activity_regularizer="l2"),
            "Flatten: activity_regularizer='l2'",
        ),
        (
            lambda: mg.layers.Dense(1, name="d", kernel_regularizer=abs).build((None, 2)),
            'Dense "d": the regularizer of kernel gives no single number',
        ),
    ],
)
def test_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_what_keras_cannot_know_is_named(keras):
    model = mg.Sequential(
        [mg.Input((2,)), mg.layers.Dense(1, name="d", kernel_regularizer=lambda w: np.sum(w))]
    )
    with pytest.raises(ValueError, match="is no regularizer of minigrad's"):
        mg.interop.to_keras(model)
    theirs = keras.Sequential([keras.Input((2,))])
    theirs.add(keras.layers.Dense(2, name="d", kernel_regularizer="orthogonal_regularizer"))
    with pytest.raises(ValueError, match=r'Dense "d": kernel_regularizer: .*Orthogonal'):
        mg.interop.from_keras(theirs)
