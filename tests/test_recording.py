"""Recording: what a method computes and what its recording plays back are the same numbers."""

import numpy as np
import pytest
from both_ways import Formula
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import engine, floats

import minigrad as mg
from minigrad.engine.calls import settled
from minigrad.engine.noted import CannotRecord, Noted
from minigrad.engine.recording import Recording
from minigrad.graph import recordable

L = mg.layers


def played(function, *arrays, placed=()):
    """A function's result by itself, its recording's, and the recording."""
    recording = Recording()
    given = [Noted(recording, np.ones_like(a)) for a in arrays]
    result = function(*given)
    recording.keep([result])
    memory = []

    def ask(shape, dtype):
        memory.append(np.empty(shape, dtype))
        return memory[-1]

    recording.place(ask, [*given, result])
    for noted, array in zip(given, arrays, strict=True):
        noted.array = array
    result.base.array = np.full(result.base.shape, np.nan, result.base.dtype)
    for call in [settled(call) for call in recording.play(0)]:
        call()
    return function(*arrays), result.find(), recording, memory


FORMULAS = {
    "one call": np.exp,
    "a chain": lambda x: 1 / (1 + np.exp(-x)),
    "with a condition": lambda x: np.where(x > 0, x, 0.5 * x),
    "with a number for a condition": lambda x: np.where(x, x, 0.5) + np.where(x * 0, 1, x),
    "softmax": lambda x: np.exp(x - np.max(x, axis=-1, keepdims=True)),
    "mean": lambda x: x - np.mean(x, axis=0),
    "sum of all": lambda x: np.sum(x * x),
    "turned and reshaped": lambda x: np.reshape(np.transpose(x), (-1,)) * 2,
    "padded": lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=-1.0) + 1,
    "stretched": lambda x: np.broadcast_to(np.expand_dims(np.max(x, axis=1), 1), x.shape) * x,
    "powers": lambda x: (x * x + 1) ** np.where(x == 0, 1, 2.5),
    "signs of zero": lambda x: np.copysign(x, 0.0) + 2 * np.copysign(x, -0.0),
    "truth": lambda x: (x > 0) & ~(x > 1),
    "single precision": lambda x: (
        (x * np.float16(0.5)).astype(x.dtype) if isinstance(x, np.ndarray) else x * np.float16(0.5)
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", FORMULAS)
def test_what_is_played_back_is_what_the_method_computes(name, order, dtype):
    x = np.asarray(np.random.default_rng(3).normal(size=(4, 5)), dtype, order=order)
    alone, recorded, _, _ = played(FORMULAS[name], x)
    assert recorded.dtype == alone.dtype
    np.testing.assert_array_equal(recorded, alone)


def written_in_place(x, y):
    total = np.zeros_like(x)
    total[1:] += y[1:]
    total[:, ::2] += x[:, ::2] * y[:, ::2]
    total[0] = 7.0
    return total


def test_what_a_method_writes_in_place_is_noted():
    rng = np.random.default_rng(0)
    alone, recorded, _, _ = played(written_in_place, *rng.normal(size=(2, 4, 5)))
    np.testing.assert_array_equal(recorded, alone)


def test_what_was_computed_before_is_used_again_and_what_nobody_uses_is_left_out():
    def twice(x):
        np.sin(x)
        return np.exp(x) + np.exp(x)

    *_, recording, _ = played(twice, np.ones(3))
    assert [call.function for call in recording.calls] == [np.exp, np.add]


def test_a_changed_array_is_computed_anew():
    def changed(x):
        y = x + 0
        first = np.exp(y)
        y += 1
        return first + np.exp(y)

    alone, recorded, _, _ = played(changed, np.linspace(0, 1, 4))
    np.testing.assert_array_equal(recorded, alone)


def test_a_call_writes_over_what_is_needed_no_more():
    *_, memory = played(lambda x: np.sqrt(np.exp(x) + 1) * 2, np.ones(1000))
    assert len(memory) == 1


def test_no_call_writes_over_what_it_reads_in_another_order():
    def both(x):
        y = x * 2
        return (y + np.transpose(y)) * 2

    alone, recorded, _, memory = played(both, np.arange(9.0).reshape(3, 3))
    np.testing.assert_array_equal(recorded, alone)
    assert len(memory) == 2  # for y and for the sum


def test_no_call_writes_over_what_is_needed_still():
    def kept(x):
        e = np.exp(x)
        return (e + 1) * e.reshape(2, 2).swapaxes(0, 1).reshape(4)

    alone, recorded, _, _ = played(kept, np.arange(4.0))
    np.testing.assert_array_equal(recorded, alone)


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x if np.sum(x) > 0 else -x,  # depends on the numbers
        lambda x: np.median(x),  # not in the list
        lambda x: x[np.array([0, 0, 1])],  # picks and copies
        lambda x: np.add.accumulate(x),
        lambda x: np.zeros(3).__iadd__(x),  # writes into an array of its own
        lambda x: np.asarray(x),
        lambda x: x.cumsum(),  # a method of arrays
        lambda x: [number for number in x],
        lambda x: float(np.sum(x)),
    ],
)
def test_what_cannot_be_recorded_says_so(method):
    with pytest.raises(CannotRecord):
        method(Noted(Recording(), np.ones(3)))


OPERATORS = {
    "power": lambda x: (np.tanh(x) + 2) ** 1.5,
    "sine": np.sin,
    "cosine": np.cos,
    "largest": lambda x: 0.5 * np.max(x, axis=-1, keepdims=True) + x,
    "where": lambda x: np.where(x > 0.1, np.tanh(x), x * 0.2),
    "turned": lambda x: np.transpose(np.transpose(x) * 0.5),
    "reshaped": lambda x: np.reshape(np.reshape(x, (-1,)) * 0.5, x.shape),
    "log-softmax": mg.activations.log_softmax,
    "elu": lambda x: mg.activations.elu(x, 0.7),
}


@settings(max_examples=60)
@given(
    names=st.lists(st.sampled_from(sorted(OPERATORS)), min_size=1, max_size=3),
    units=st.integers(2, 5),
    batch=st.integers(1, 9),
    threads=st.integers(1, 2),
)
def test_recorded_operators_learn_what_the_graph_learns(names, units, batch, threads):
    weights = []
    for eager in (True, False):
        mg.utils.set_random_seed(1)
        formulas = [Formula(OPERATORS[name]) for name in names]
        with floats("float64"):
            model = mg.Sequential([mg.Input((3,)), L.Dense(units), *formulas, L.Dense(2)])
        model.compile(mg.optimizers.SGD(0.01), "mse", run_eagerly=eager)
        rng = np.random.default_rng(2)
        with engine(threads, large=64):
            for _ in range(3):
                model.train_on_batch(rng.normal(size=(batch, 3)), rng.normal(size=(batch, 2)))
        if not eager:
            kinds = {k.kind for r in model._runners.values() for p in r.programs for k in p.kernels}
            assert "recorded" in kinds and "reference" not in kinds
        weights.append(model.get_weights())
    for planned, walked in zip(*weights, strict=True):
        np.testing.assert_allclose(planned, walked, rtol=1e-9, atol=1e-12)


@recordable
class Slope(mg.Operator):
    """Its gradient was computed on the way forward, and does not look at what arrives."""

    def forward(self, x):
        self.slope = np.exp(x)
        return self.slope * 2

    def backward(self, gradient, x):
        return self.slope


def test_a_gradient_computed_on_the_way_forward_waits():
    weights = []
    for eager in (True, False):
        mg.utils.set_random_seed(1)
        layers = [L.Dense(4, "relu"), Formula(Slope), L.Dense(30, "relu"), L.Dense(2)]
        model = mg.Sequential([mg.Input((3,)), *layers])
        model.compile(mg.optimizers.SGD(0.01), "mse", run_eagerly=eager)
        model.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=2, verbose=0)
        weights.append(model.get_weights())
    for planned, walked in zip(*weights, strict=True):
        np.testing.assert_allclose(planned, walked, rtol=0, atol=1e-6)


def test_a_node_is_left_as_it_was():
    model = mg.Sequential([mg.Input((3,)), L.Dense(4), L.Dropout(0.5, seed=1), L.Dense(2, "tanh")])
    model.compile("sgd", "mse")
    runner = model._runner(4, True, True)
    for node in runner.network.order:
        assert not any(isinstance(value, Noted) for value in vars(node).values())
    dropout = next(n for n in runner.network.order if n.label == "dropout")
    assert isinstance(dropout.generator, np.random.Generator)
