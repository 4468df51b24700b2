"""Optimizers: step by step the same weights and the same memory as Keras's."""

import copy

import numpy as np
import pytest
from both_ways import RULES
from test_engine import floats

import minigrad as mg

S = mg.optimizers.schedules
SHAPES = [(3, 4), (4,), (), (2, 1, 3, 2)]


@pytest.fixture(params=["float64", "float32"])
def dtype(request, keras):
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(request.param)
    keras.config.set_dtype_policy(request.param)
    with floats(request.param):
        yield request.param
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def weights_and_gradients(dtype, steps=25):
    rng = np.random.default_rng(2)
    start = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    gradients = [[rng.normal(size=w.shape).astype(dtype) for w in start] for _ in range(steps)]
    gradients[4] = [g * 0 for g in gradients[4]]
    gradients[7] = [g * 50 for g in gradients[7]]
    return start, gradients


@pytest.mark.parametrize("rule", RULES)
def test_steps_are_keras_s(keras, rule, dtype):
    exact = dtype == "float64" and "nadam" not in rule  # where Keras has 0.96 in single precision
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if exact else {"rtol": 2e-4, "atol": 2e-5}
    ours, theirs = RULES[rule](mg.optimizers), RULES[rule](keras.optimizers)
    start, gradients = weights_and_gradients(dtype)
    our_weights = [mg.Variable(w) for w in start]
    their_weights = [keras.Variable(w, dtype=dtype) for w in start]
    for step, several in enumerate(gradients):
        if step == 16 and not isinstance(ours._learning_rate, S.LearningRateSchedule):
            ours.learning_rate = theirs.learning_rate = 0.03125
        assert float(ours.learning_rate) == pytest.approx(float(theirs.learning_rate), rel=1e-6)
        ours.apply(several, our_weights)
        theirs.apply(several, their_weights)
        for w, v in zip(our_weights, their_weights, strict=True):
            np.testing.assert_allclose(w.value, np.asarray(v), err_msg=str(step), **tolerance)
    assert ours.iterations == int(theirs.iterations) == len(gradients)
    assert all(w.value.dtype == dtype for w in our_weights)
    memory = sum(len(ours.state(w)) for w in our_weights)
    their_memory = [v for v in theirs.variables if tuple(v.shape) in SHAPES]
    scalars = sum(v.shape == () for v in theirs.variables) - len(their_memory) // len(SHAPES)
    if rule != "rmsprop centered":  # which keeps a place for momentum
        assert memory == len(their_memory) - scalars


@pytest.mark.parametrize("rule", ["nadam", "nadam otherwise"])
def test_nadam_is_its_paper_s(rule):
    """With the product of the momenta multiplied step by step, over more steps than the table has."""
    optimizer, w, rng = (
        RULES[rule](mg.optimizers),
        mg.Variable(np.ones(2)),
        np.random.default_rng(1),
    )
    b1, b2, rate, epsilon = (
        getattr(optimizer, n) for n in ("beta_1", "beta_2", "learning_rate", "epsilon")
    )
    wanted, m, v, product = np.ones(2), np.zeros(2), np.zeros(2), 1.0
    for t in range(1, 1101):
        g = rng.normal(size=2)
        optimizer.apply([g], [w])
        now, then = b1 * (1 - 0.5 * 0.96**t), b1 * (1 - 0.5 * 0.96 ** (t + 1))
        product *= now
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        mean = then * m / (1 - product * then) + (1 - now) * g / (1 - product)
        wanted = wanted - rate * mean / (np.sqrt(v / (1 - b2**t)) + epsilon)
        np.testing.assert_allclose(w.value, wanted, rtol=1e-10, err_msg=str(t))


@pytest.mark.parametrize("rule", RULES)
def test_configurations_are_keras_s_both_ways(keras, rule):
    ours, theirs = RULES[rule](mg.optimizers), RULES[rule](keras.optimizers)
    mine, other = ours.get_config(), theirs.get_config()
    assert mine.keys() == other.keys()
    for name in mine.keys() - {"name", "learning_rate"}:
        assert mine[name] == other[name], name
    if isinstance(mine["learning_rate"], dict):
        assert mine["learning_rate"] == other["learning_rate"]
    else:
        assert mine["learning_rate"] == pytest.approx(other["learning_rate"])
    again = type(ours).from_config(other)
    assert again.get_config()["name"] == other["name"]
    assert type(theirs).from_config(mine).get_config() == {**other, "name": mine["name"]}


CLASSES = [name for name in mg.optimizers.__all__ if name[0].isupper() and name != "Optimizer"]


@pytest.mark.parametrize("name", CLASSES)
def test_names_arguments_and_defaults_are_keras_s(keras, name):
    import inspect

    mine, theirs = getattr(mg.optimizers, name), getattr(keras.optimizers, name)
    taken, there = (
        [(p.name, p.default) for p in inspect.signature(kind).parameters.values()]
        for kind in (mine, theirs)
    )
    assert [each for each in taken if each[0] != "name"] == [
        each for each in there if each[0] not in ("name", "kwargs")
    ]
    assert {type(mg.optimizers.get(each(name))) for each in (str.lower, str.upper, str)} == {mine}
    told = {**mine().get_config(), "learning_rate": 0.5, "name": "told"}
    assert type(mg.optimizers.get({"class_name": name, "config": told})) is mine


def test_compile_without_an_optimizer_is_keras_s_default():
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile(loss="mse")
    assert type(model.optimizer) is mg.optimizers.RMSprop


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_computes_in_the_dtype_of_its_weight(monkeypatch, rule, dtype):
    seen = []
    convert = mg.Variable._converted
    monkeypatch.setattr(
        mg.Variable, "_converted", lambda self, a: (seen.append(a.dtype), convert(self, a))[1]
    )
    weight = mg.Variable(np.ones(3, dtype))
    optimizer = RULES[rule](mg.optimizers)
    for _ in range(2):
        optimizer.apply([np.full(3, 0.5, dtype)], [weight])
    assert set(seen) == {np.dtype(dtype)}


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


def test_momentum_may_come_and_go_without_mixing_up_the_memory():
    optimizer, w = mg.optimizers.RMSprop(0.1, centered=True), mg.Variable(np.zeros(2))
    optimizer.apply([np.array([1.0, 2.0])], [w])
    v, _, mean = (array.copy() for array in optimizer.state(w))
    optimizer.momentum = 0.5
    kept = optimizer.state(w)
    np.testing.assert_array_equal(kept[0], v)
    np.testing.assert_array_equal(kept[2], mean)
    np.testing.assert_array_equal(kept[1], 0)


def test_gradients_that_do_not_fit_change_nothing():
    w = mg.Variable(np.ones(3))
    optimizer = mg.optimizers.SGD(1.0)
    with pytest.raises(ValueError, match=r"shape \(3,\), its gradient \(2,\)"):
        optimizer.apply([np.ones(2)], [w])
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        optimizer.apply([np.ones(3), np.ones(3)], [w])
    assert optimizer.iterations == 0 and np.all(w.value == 1)


# -- the learning rate ---------------------------------------------------------------------
def test_a_learning_rate_is_a_number_that_can_be_read_and_set_in_keras_s_ways():
    optimizer = mg.optimizers.Adam(0.5)
    rate = optimizer.learning_rate
    assert rate == float(rate) == rate.numpy() == 0.5 and f"{rate:.2f} {rate}" == "0.50 0.5"
    rate.assign(0.25)
    assert optimizer.learning_rate == 0.25 and rate == 0.5
    optimizer.learning_rate = optimizer.learning_rate * 2
    assert optimizer.learning_rate == 0.5
    assert copy.deepcopy(rate) == 0.5 and type(optimizer.get_config()["learning_rate"]) is float


SCHEDULES = {
    "exponential": lambda s: s.ExponentialDecay(0.5, 7, 0.75),
    "stairs": lambda s: s.ExponentialDecay(0.5, 7, 0.75, staircase=True),
    "inverse": lambda s: s.InverseTimeDecay(0.5, 7, 0.5),
    "inverse stairs": lambda s: s.InverseTimeDecay(0.5, 7, 0.5, staircase=True),
    "polynomial": lambda s: s.PolynomialDecay(0.5, 20),
    "root": lambda s: s.PolynomialDecay(0.5, 20, 0.125, power=0.5),
    "cycle": lambda s: s.PolynomialDecay(0.5, 12, 0.125, power=2.0, cycle=True),
    "cosine": lambda s: s.CosineDecay(0.5, 20),
    "cosine, some left": lambda s: s.CosineDecay(0.5, 20, alpha=0.25),
    "cosine, warm": lambda s: s.CosineDecay(0.0, 20, 0.125, warmup_target=0.5, warmup_steps=9),
    "pieces": lambda s: s.PiecewiseConstantDecay([3, 9, 20], [0.5, 0.25, 0.125, 0.0625]),
    "one step": lambda s: s.PiecewiseConstantDecay([5], [0.5, 0.25]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_keras_s(keras, name):
    ours, theirs = SCHEDULES[name](S), SCHEDULES[name](keras.optimizers.schedules)
    wanted = [float(theirs(np.int64(step))) for step in range(41)]
    np.testing.assert_allclose([ours(step) for step in range(41)], wanted, rtol=2e-6, atol=2e-8)
    assert len(set(wanted)) > 1
    assert ours.get_config() == theirs.get_config()
    told = keras.optimizers.schedules.serialize(theirs)
    assert S.serialize(ours) == told
    assert S.serialize(S.deserialize(told)) == told
    assert ours(3).numpy() == ours(np.int64(3)) == ours(3.0)


def test_a_schedule_of_one_s_own_is_asked_in_each_step():
    class Stairs(S.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 / (1 + step)

    optimizer, w = mg.optimizers.SGD(Stairs()), mg.Variable(np.zeros(()))
    for _ in range(3):
        optimizer.apply([np.array(-1.0)], [w])
    assert float(w.value) == pytest.approx(0.5 * (1 + 1 / 2 + 1 / 3))
    assert optimizer.learning_rate == 0.125


def test_a_rate_that_is_none_stops_training_before_anything_changes():
    class Broken(S.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 if step < 2 else float("nan")

    for eager in (True, False):
        model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        model.compile(mg.optimizers.SGD(Broken()), "mse", run_eagerly=eager)
        with pytest.raises(ValueError, match=r"Broken: the learning rate is a number .*got nan"):
            model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0)
        assert model.optimizer.iterations == 2 and np.isfinite(model.get_weights()[0]).all()


def test_callbacks_that_set_the_rate_say_that_a_schedule_does():
    callbacks = (
        mg.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        mg.callbacks.ReduceLROnPlateau(),
    )
    for callback in callbacks:
        model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        model.compile(mg.optimizers.Adam(S.CosineDecay(0.1, 10)), "mse")
        with pytest.raises(
            TypeError, match="Adam: learning_rate follows CosineDecay and cannot be"
        ):
            model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[callback])
        assert model.optimizer.iterations == 0
    with pytest.raises(TypeError, match="follows a schedule cannot be set"):
        model.optimizer.learning_rate.assign(0.1)
    model.optimizer.learning_rate = S.PolynomialDecay(0.5, 10)
    assert model.optimizer.learning_rate == 0.5


O = mg.optimizers  # noqa: E741


@pytest.mark.parametrize(
    "wrong, error, message",
    [
        (lambda: O.SGD(global_clipnorm=1.0), ValueError, "SGD: global_clipnorm=1.0 is not covered"),
        (lambda: O.Adam(amsgrad=True), ValueError, "Adam: amsgrad=True is not covered"),
        (lambda: O.Nadam(amsgrad=False), TypeError, "Nadam has no argument 'amsgrad'"),
        (lambda: O.Adam(use_ema=True), ValueError, "Adam: use_ema=True is not covered"),
        (lambda: O.Adam(weight_decay=-0.1), ValueError, "Adam: weight_decay is a number of at"),
        (lambda: O.AdamW(weight_decay=None), ValueError, "AdamW: weight_decay is a number of at"),
        (lambda: O.SGD(clipnorm=1, clipvalue=1), ValueError, "SGD: clip by clipnorm or by clipv"),
        (lambda: O.SGD(learning_rte=1), TypeError, "Did you mean 'learning_rate'"),
        (lambda: O.Adam(lr=1), TypeError, "Adam has no argument 'lr'. It is called learning_rate."),
        (lambda: O.RMSprop(decay=1e-6), TypeError, "no argument 'decay'.*InverseTimeDecay"),
        (lambda: O.SGD("fast"), ValueError, "learning_rate is a number"),
        (lambda: O.SGD(lambda: 0.1), ValueError, "SGD: learning_rate is a number or a schedule"),
        (lambda: O.SGD(-1), ValueError, "at least 0"),
        (lambda: O.SGD(float("nan")), ValueError, "learning_rate"),
        (lambda: O.SGD(momentum=2), ValueError, "from 0 to 1"),
        (lambda: O.RMSprop(rho=1), ValueError, "RMSprop: rho is a number from 0 to less than 1"),
        (lambda: O.Adadelta(rho=1.0), ValueError, "rho is a number from 0 to less than 1"),
        (lambda: O.Adam(beta_1=1.0), ValueError, "Adam: beta_1 is a number from 0 to less than 1"),
        (lambda: O.Adamax(beta_2=1.0), ValueError, "beta_2 is a number from 0 to less than 1"),
        (lambda: O.RMSprop(rho=1.5), ValueError, "RMSprop: rho is a number from 0 to 1"),
        (lambda: O.get("lion"), ValueError, "'lion' is not covered; there are"),
        (lambda: O.get("adm"), ValueError, "Did you mean 'adam'"),
        (lambda: O.Lion, AttributeError, "no 'Lion'"),
        (lambda: S.CosineDecayRestarts, AttributeError, "schedules has no 'CosineDecayRestarts'"),
        (lambda: S.ExponentialDecay(0.1, 0, 0.5), ValueError, "decay_steps is a number of at lea"),
        (lambda: S.ExponentialDecay(0.1, 5, 0.5)(-1), ValueError, "ExponentialDecay: step is a n"),
        (lambda: S.ExponentialDecay(0.1, 5, 0.5)("a"), ValueError, "ExponentialDecay: step is a"),
        (lambda: S.PiecewiseConstantDecay([1], [1]), ValueError, "values are one more than bound"),
        (lambda: S.PiecewiseConstantDecay([2, 1], [1, 2, 3]), ValueError, "boundaries stand in"),
        (lambda: S.LearningRateSchedule()(1), NotImplementedError, "no __call__ method yet"),
        (lambda: S.deserialize({"class_name": "Up"}), ValueError, "schedule 'Up' is not covered"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_what_asks_for_nothing_is_accepted():
    O.SGD(0.1, weight_decay=None, use_ema=False, clipnorm=None, clipvalue=None)
    O.Adam(weight_decay=False, amsgrad=False, ema_momentum=0.99)
