"""Optimizers: the same weights as Keras's after several steps."""

import numpy as np
import pytest

import minigrad as mg

CASES = {
    "sgd": ("SGD", {}),
    "sgd fast": ("SGD", {"learning_rate": 0.5}),
    "momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    "nesterov without momentum": ("SGD", {"nesterov": True}),
    "adam": ("Adam", {}),
    "adam otherwise": (
        "Adam",
        {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, "epsilon": 0.01},
    ),
}


@pytest.mark.parametrize("name, options", CASES.values(), ids=CASES)
def test_ten_steps_are_keras_s(keras, name, options):
    generator = np.random.default_rng(2)
    start = [generator.normal(size=shape).astype("float32") for shape in [(3, 4), (4,), ()]]
    gradients = [
        [generator.normal(size=w.shape).astype("float32") for w in start] for _ in range(10)
    ]
    gradients[4] = [g * 0 for g in gradients[4]]
    ours, theirs = (
        getattr(mg.optimizers, name)(**options),
        getattr(keras.optimizers, name)(**options),
    )
    our_weights = [mg.Variable(w) for w in start]
    their_weights = [keras.Variable(w) for w in start]
    for step, several in enumerate(gradients):
        if step == 6:
            ours.learning_rate = theirs.learning_rate = 0.02
        ours.apply(several, our_weights)
        theirs.apply(several, their_weights)
        for w, v in zip(our_weights, their_weights, strict=True):
            np.testing.assert_allclose(w.value, np.asarray(v), rtol=1e-5, atol=1e-6)
    assert ours.iterations == int(theirs.iterations) == 10
    assert all(w.value.dtype == np.float32 for w in our_weights)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_defaults_are_keras_s(keras, name):
    ours, theirs = getattr(mg.optimizers, name)(), getattr(keras.optimizers, name)()
    for attribute in ("momentum", "nesterov", "beta_1", "beta_2", "epsilon"):
        assert getattr(ours, attribute, None) == getattr(theirs, attribute, None)
    assert ours.learning_rate == pytest.approx(float(theirs.learning_rate))


def test_a_weight_stays_in_its_own_memory():
    w = mg.Variable(np.ones(3))
    array = w._array
    mg.optimizers.Adam(0.1).apply([np.ones(3)], [w])
    assert w._array is array and array[0] < 1


def test_state_is_kept_for_each_weight_and_can_be_shared():
    optimizer = mg.optimizers.SGD(1.0, momentum=0.5)
    a, b = mg.Variable(np.zeros(2)), mg.Variable(np.zeros(2))
    optimizer.apply_gradients([(np.ones(2), a), (np.zeros(2), b)])
    (velocity,) = optimizer.state(a)
    np.testing.assert_array_equal(velocity, [-1, -1])
    velocity[...] = 0  # somebody else's kernel writes into the same array
    optimizer.apply([np.zeros(2), np.zeros(2)], [a, b])
    np.testing.assert_array_equal(a.value, [-1, -1])


def test_gradients_that_do_not_fit_change_nothing():
    w = mg.Variable(np.ones(3))
    optimizer = mg.optimizers.SGD(1.0)
    with pytest.raises(ValueError, match=r"shape \(3,\), its gradient \(2,\)"):
        optimizer.apply([np.ones(2)], [w])
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        optimizer.apply([np.ones(3), np.ones(3)], [w])
    assert optimizer.iterations == 0 and np.all(w.value == 1)


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        (lambda: mg.optimizers.SGD(clipnorm=1.0), ValueError, "SGD: clipnorm=1.0 is not covered"),
        (lambda: mg.optimizers.Adam(amsgrad=True), ValueError, "Adam: amsgrad=True"),
        (lambda: mg.optimizers.Adam(weight_decay=0.1), ValueError, "weight_decay=0.1"),
        (lambda: mg.optimizers.SGD(learning_rte=1), TypeError, "Did you mean 'learning_rate'"),
        (lambda: mg.optimizers.SGD("fast"), ValueError, "learning_rate is a number"),
        (lambda: mg.optimizers.SGD(-1), ValueError, "at least 0"),
        (lambda: mg.optimizers.SGD(float("nan")), ValueError, "learning_rate"),
        (lambda: mg.optimizers.SGD(momentum=2), ValueError, "from 0 to 1"),
        (lambda: mg.optimizers.get("rmsprop"), ValueError, "'rmsprop' is not covered; there are"),
        (lambda: mg.optimizers.get("adm"), ValueError, "Did you mean 'adam'"),
        (lambda: mg.optimizers.RMSprop, AttributeError, "no 'RMSprop'"),
    ],
)
def test_errors_name_the_argument(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_what_asks_for_nothing_is_accepted():
    mg.optimizers.SGD(0.1, weight_decay=None, use_ema=False, clipnorm=None)
