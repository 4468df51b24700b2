"""Memory of the engine: nothing is allocated in a step, and no buffer lies upon another."""

import gc
import mmap
import tracemalloc

import numpy as np
import psutil
import pytest
from both_ways import RULES
from counting import counting
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.display.steps import separately
from minigrad.engine import memory, sizes
from minigrad.engine.calls import accesses
from minigrad.engine.kernels import recorded
from minigrad.engine.memory import Buffer, Memory
from minigrad.shared.aligned import LINE

L = mg.layers

PICTURES, VECTORS, SEQUENCES = (12, 11, 2), (20,), (6, 5)
END = [L.Flatten, lambda: L.Dense(3, "softmax")]


def branches():
    x = mg.Input(PICTURES)
    y = L.Conv2D(2, 3, padding="same", activation="relu")(x)
    return mg.Model(x, L.Concatenate()([L.Add()([x, y]), x * y, y]))


def merged():
    x = mg.Input(PICTURES)
    y, z = (L.Conv2D(2, 3, padding="same")(x) for _ in range(2))
    meet = L.Average(), L.Maximum(), L.Minimum(), L.Multiply()
    return mg.Model(
        x, L.Concatenate()([*(layer([x, y, z]) for layer in meet), L.Subtract()([y, z])])
    )


# What each network is about. Together: every layer, every activation, in every place.
LAYERS = {
    "convolution": (PICTURES, lambda: [L.Conv2D(4, 3, activation="relu")]),
    "strides": (PICTURES, lambda: [L.Conv2D(4, 3, strides=2, padding="same", activation="elu")]),
    "two convolutions": (PICTURES, lambda: [L.Conv2D(4, 2), L.Conv2D(4, 3, padding="same")]),
    "pooled convolution": (PICTURES, lambda: [L.Conv2D(4, 2, activation="relu"), L.MaxPooling2D()]),
    "largest": (PICTURES, lambda: [L.MaxPooling2D(3, strides=2, padding="same")]),
    "mean": (PICTURES, lambda: [L.AveragePooling2D(2), L.AveragePooling2D(3, padding="same")]),
    "dense": (VECTORS, lambda: [L.Dense(6, "elu"), L.Dense(5, "tanh", use_bias=False)]),
    "dense on sequences": (SEQUENCES, lambda: [L.Dense(6, "relu")]),
    "dense on pictures": (PICTURES, lambda: [L.Dense(6, "sigmoid")]),
    "dropout": (PICTURES, lambda: [L.Dropout(0.5), L.Conv2D(2, 2), L.Dropout(0.2)]),
    "rescaling": (PICTURES, lambda: [L.Rescaling(2), L.Conv2D(2, 2), L.Rescaling(0.5, offset=-1)]),
    "large weight": (PICTURES, lambda: [L.Conv2D(4, 3), L.Flatten(), L.Dense(300, "elu")]),
    "softmax layer": (PICTURES, lambda: [L.Conv2D(2, 2), L.Softmax()]),
    "relu layer": (PICTURES, lambda: [L.Conv2D(2, 2), L.ReLU(2.0, 0.1, 0.2), L.ReLU()]),
    "leaky": (PICTURES, lambda: [L.Conv2D(2, 2), L.LeakyReLU(), L.ELU(0.5)]),
    "reshape": (PICTURES, lambda: [L.Conv2D(2, 2), L.Reshape((-1, 4)), L.Dense(3)]),
    "global mean": (PICTURES, lambda: [L.Conv2D(3, 2), L.GlobalAveragePooling2D(keepdims=True)]),
    "global largest": (PICTURES, lambda: [L.Conv2D(3, 2), L.GlobalMaxPooling2D()]),
    "normalized": (
        PICTURES,
        lambda: [L.BatchNormalization(), L.Conv2D(2, 2), L.BatchNormalization()],
    ),
    "branches": (PICTURES, lambda: [branches()]),
    "merged": (PICTURES, lambda: [merged()]),
    "padded": (PICTURES, lambda: [L.Conv2D(2, 2), L.ZeroPadding2D(2), L.Conv2D(2, 2)]),
    "larger": (PICTURES, lambda: [L.Conv2D(2, 2), L.UpSampling2D(), L.Conv2D(2, 2)]),
    "the other way": (
        PICTURES,
        lambda: [L.Conv2D(2, 2, 2), L.Conv2DTranspose(3, 3, 2, "same", activation="relu")],
    ),
    "turned": (PICTURES, lambda: [L.Conv2D(2, 2), L.Permute((2, 3, 1)), L.Dense(3)]),
    "costly": (
        PICTURES,
        lambda: [L.Conv2D(2, 2, kernel_regularizer="l1", bias_regularizer="l2"), L.ReLU()],
    ),
    **{
        name: (VECTORS, lambda name=name: [L.Dense(6, name), L.Dense(5, name)])
        for name in (
            *("leaky_relu", "selu", "silu", "softplus", "exponential"),
            *("gelu", "hard_sigmoid", "mish", "relu6", "softsign"),
        )
    },
    **{
        name: (PICTURES, lambda name=name: [L.Conv2D(2, 2), L.Activation(name), L.Activation(name)])
        for name in ("relu", "elu", "sigmoid", "tanh", "softmax", "log_softmax", "linear")
    },
}
OPTIMIZERS = {name: (lambda rule=rule: rule(mg.optimizers)) for name, rule in RULES.items()}
MSE, CCE, SCE = (
    mg.losses.MeanSquaredError,
    mg.losses.CategoricalCrossentropy,
    mg.losses.SparseCategoricalCrossentropy,
)
LOSSES = {
    "mse": (MSE, "softmax"),
    "mse, sum": (lambda: MSE(reduction="sum"), "tanh"),
    "categorical": (CCE, "softmax"),
    "categorical, logits": (lambda: CCE(from_logits=True), None),
    "categorical, sum": (lambda: CCE(reduction="sum"), "softmax"),
    "categorical, smoothed": (lambda: CCE(label_smoothing=0.1), "softmax"),
    "categorical, no softmax": (CCE, "sigmoid"),
    "sparse": (SCE, "softmax"),
    "sparse, logits": (lambda: SCE(from_logits=True), None),
    "sparse, sum": (lambda: SCE(reduction="sum"), "softmax"),
    "sparse, no softmax": (SCE, "sigmoid"),
    "absolute": (mg.losses.MeanAbsoluteError, "softmax"),
    "huber": (mg.losses.Huber, "softmax"),
    "log cosh": (mg.losses.LogCosh, "softmax"),
    "divergence": (mg.losses.KLDivergence, "softmax"),
    "binary": (mg.losses.BinaryCrossentropy, "sigmoid"),
    "binary, softmax": (mg.losses.BinaryCrossentropy, "softmax"),
    "binary, logits": (lambda: mg.losses.BinaryCrossentropy(from_logits=True), None),
}


@pytest.fixture(autouse=True)
def usual_limits(monkeypatch):
    monkeypatch.setattr(sizes, "LARGE", 100_000)
    monkeypatch.setattr(sizes, "CACHE", 100_000)
    yield
    mg.set_threads(None)


def made(shape, layers, loss=CCE, optimizer="adam", **options):
    mg.utils.set_random_seed(0)  # with some weights the exponential of a sum is no finite number
    model = mg.Sequential([mg.Input(shape), *layers])
    model.compile(OPTIMIZERS[optimizer](), loss(), **options)
    return model


def data_for(model, samples, integers=False):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, *model.input_shape[1:])).astype(np.float32)
    if integers:
        x = rng.integers(0, 256, x.shape).astype(np.uint8)
    out = (samples, *model.output_shape[1:])
    if model.loss._whole_numbers:
        return x, rng.integers(0, out[-1], out[:-1])
    return x, rng.dirichlet(np.ones(out[-1]), out[:-1])


def requested(model, batch=32, integers=False, steps=1, weights=()):
    """Requests for array data in later steps of the plan; and the way it is run."""
    x, y = model._admit(*data_for(model, 4 * batch, integers), "fit")
    runner = model._runners_for(True, True)(batch, x.dtype, () if weights else None)
    rows = np.random.default_rng(0).permutation(len(x))[:batch]
    for _ in range(2):
        runner.load(x, y, rows, weights)
        runner.train_step()
    with counting() as requests:
        for _ in range(steps):
            runner.load(x, y, rows, weights)
            runner.train_step()
        results = runner.loss, runner.outputs, runner.targets
    assert np.isfinite(results[0])
    return list(requests), runner.way


def test_the_count_counts():
    """Arrays that live for a moment, zeros, and the number that a ufunc makes an array of."""
    x = np.ones(10)
    with counting() as requests:
        (x + x).sum()
        np.zeros(5)
        np.multiply(x, 2.0, out=x)
    assert requests[0] == 80 and 40 in requests and len(requests) >= 3
    with counting() as requests:
        np.multiply(x, x, out=x)
    assert requests == []


# A step of the plan


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_allocates(name, threads):
    mg.set_threads(threads)
    shape, layers = LAYERS[name]
    assert requested(made(shape, [*layers(), *(layer() for layer in END)]))[0] == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["dense", "large weight", "merged"])
def test_what_a_plan_writes_lies_in_its_memory(name, threads):
    """A kernel may list its calls twice: to estimate their time, and in a program."""
    mg.set_threads(threads)
    shape, layers = LAYERS[name]
    model = made(shape, [*layers(), *(layer() for layer in END)])
    for program in model._runners_for(True, True)(32).programs:
        for call in (*program.data, *program.forward, *program.backward):
            assert not any(isinstance(root(a), mmap.mmap) for a in accesses(call)[1]), call


def root(array):
    """The object in whose memory an array lies; drafts lie in a map of nothing."""
    while isinstance(array, np.ndarray | memoryview):
        array = array.base if isinstance(array, np.ndarray) else array.obj
    return array


def test_all_ways_were_among_them():
    ways = set()
    for threads, name in ((1, "dense"), (2, "dense"), (2, "large weight")):
        mg.set_threads(threads)
        shape, layers = LAYERS[name]
        ways.add(requested(made(shape, [*layers(), *(layer() for layer in END)]))[1])
    assert ways == {"alone", "pictures", "bands"}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["convolution", "large weight"])
def test_no_optimizer_allocates(name, optimizer, threads):
    mg.set_threads(threads)
    shape, layers = LAYERS[name]
    model = made(shape, [*layers(), *(layer() for layer in END)], optimizer=optimizer)
    assert requested(model)[0] == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [VECTORS, SEQUENCES, PICTURES])
@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_allocates(name, shape, threads):
    mg.set_threads(threads)
    loss, activation = LOSSES[name]
    assert requested(made(shape, [L.Dense(4, activation)], loss))[0] == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", LOSSES)
def test_no_weights_of_samples_allocate(name, threads):
    mg.set_threads(threads)
    loss, activation = LOSSES[name]
    shape, layers = LAYERS["large weight"]
    model = made(shape, [*layers(), L.Dense(4, activation)], loss)
    assert requested(model, weights=[np.linspace(0, 2, 128, dtype=np.float32)])[0] == []


@pytest.mark.parametrize("shape", [(12, 11), PICTURES])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("units", [8, 300])
def test_whole_numbers_are_scaled_on_the_way(shape, threads, units):
    mg.set_threads(threads)
    model = made(
        shape, [L.Rescaling(1 / 255), L.Flatten(), L.Dense(units, "relu"), L.Dense(3)], MSE
    )
    assert requested(model, integers=True)[0] == []


@pytest.mark.parametrize("batch", [1, 2, 3, 31])
def test_no_batch_size_allocates(batch):
    mg.set_threads(2)
    shape, layers = LAYERS["large weight"]
    for optimizer in ("sgd", "adam"):
        model = made(shape, [*layers(), L.Dense(3, "softmax")], optimizer=optimizer)
        assert requested(model, batch, steps=20)[0] == []


def test_an_allocation_put_back_is_seen(monkeypatch):
    """The same with tanh computed by its own method, which makes a new array."""
    mg.set_threads(1)
    monkeypatch.setattr(sizes, "CACHE", 1 << 24)  # the batch in one piece
    layers = [L.Conv2D(2, 2), L.Rescaling(2.0), L.Activation("tanh"), *(layer() for layer in END)]
    assert requested(made(PICTURES, layers))[0] == []
    monkeypatch.setattr(recorded, "is_recordable", lambda kind: False)
    layers = [L.Conv2D(2, 2), L.Rescaling(2.0), L.Activation("tanh"), *(layer() for layer in END)]
    assert 32 * 11 * 10 * 2 * 4 in requested(made(PICTURES, layers))[0]


# Whole methods of a model


class Steps(mg.callbacks.Callback):
    """How many requests each step of ``fit`` made, with all that belongs to it."""

    def __init__(self, requests):
        super().__init__()
        self.requests, self.counts = requests, []

    def on_train_batch_begin(self, batch, logs=None):
        self.before = len(self.requests)

    def on_train_batch_end(self, batch, logs=None):
        self.counts.append(len(self.requests) - self.before)


METRICS = ["accuracy", "mse", "categorical_accuracy"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_no_step_of_fit_allocates(threads, integers, shuffle):
    mg.set_threads(threads)
    layers = [L.Rescaling(1 / 255), L.Conv2D(4, 3, activation="relu"), *(layer() for layer in END)]
    model = made(PICTURES, layers, metrics=METRICS)
    x, y = data_for(model, 140, integers)
    with counting() as requests:
        steps = Steps(requests)
        model.fit(x, y, batch_size=32, epochs=3, shuffle=shuffle, callbacks=[steps], verbose=0)
    assert len(steps.counts) == 15
    assert steps.counts[1:4] == [0, 0, 0]  # from the second step on
    assert steps.counts[5:] == [0] * 10  # the last batch of an epoch is smaller: a plan of its own


@pytest.mark.parametrize("order", ["C", "F", "every other"])
def test_sets_in_any_order_of_memory_are_gathered_without_a_copy(order):
    mg.set_threads(1)
    model = made(PICTURES, [layer() for layer in END])
    x, y = data_for(model, 128)
    y = y.astype(np.float32)
    if order == "F":
        x, y = np.asfortranarray(x), np.asfortranarray(y)
    if order == "every other":
        x, y = x[::2], y[::2]
    with counting() as requests:
        steps = Steps(requests)
        model.fit(x, y, batch_size=32, epochs=2, callbacks=[steps], verbose=0)
    assert not any(steps.counts[1:])


def test_tracemalloc_sees_no_array_that_stays():
    mg.set_threads(2)
    shape, layers = LAYERS["large weight"]
    model = made(shape, [*layers(), L.Dense(3, "softmax")])
    x, y = model._admit(*data_for(model, 128), "fit")
    runner = model._runner(32, True, True, x.dtype)
    rows = np.arange(32)
    runner.load(x, y, rows)
    runner.train_step()
    tracemalloc.start()
    for _ in range(5):
        runner.load(x, y, rows)
        runner.train_step()
    domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    left = tracemalloc.take_snapshot().filter_traces([domain]).traces
    tracemalloc.stop()
    assert sum(trace.size for trace in left) == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_process_does_not_grow_in_10_000_steps(threads):
    mg.set_threads(threads)
    model = made(VECTORS, [L.Dense(8, "relu"), L.Dropout(0.1), L.Dense(3, "softmax")])
    x, y = data_for(model, 64)
    model.fit(x, y, batch_size=8, epochs=50, verbose=0)
    gc.collect()
    before = psutil.Process().memory_info().rss
    model.fit(x, y, batch_size=8, epochs=1250, verbose=0)  # 10,000 steps
    gc.collect()
    assert psutil.Process().memory_info().rss - before < 1 << 20


# Where buffers lie

requests_for_buffers = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), max_size=3),
        st.sampled_from(["float32", "float64", "bool", "uint8"]),
        st.tuples(st.integers(-1, 12), st.integers(0, 6)),
    ),
    max_size=25,
)


@given(requests_for_buffers)
def test_buffers_that_are_needed_together_lie_apart(wanted):
    buffers = [
        Buffer(str(number), shape, dtype, lifetime=(start, start + length))
        for number, (shape, dtype, (start, length)) in enumerate(wanted)
    ]
    memory = Memory(buffers)
    for number, a in enumerate(buffers):
        shape, dtype, _ = wanted[number]
        assert a.array.shape == tuple(shape) and a.array.dtype == dtype
        assert a.array.ctypes.data % LINE == 0 or a.array.size == 0
        assert not a.array.any()
        for b in buffers[:number]:
            together = max(a.lifetime[0], b.lifetime[0]) <= min(a.lifetime[1], b.lifetime[1])
            if together:
                assert not np.shares_memory(a.array, b.array)
    # no more than one after the other, no less than what is needed at any one time
    busiest = max(
        (
            sum(b.nbytes for b in buffers if b.lifetime[0] <= t <= b.lifetime[1])
            for t in range(-1, 20)
        ),
        default=0,
    )
    assert busiest <= memory.nbytes <= separately(memory)


def test_buffers_are_whole_when_all_are_written():
    """Each filled with its own number while it is needed: nobody else's comes through."""
    rng = np.random.default_rng(0)
    times = [sorted(rng.integers(0, 40, 2).tolist()) for _ in range(60)]
    buffers = [
        Buffer("", (int(rng.integers(1, 500)),), "float32", lifetime=(a, b)) for a, b in times
    ]
    memory = Memory(buffers)
    for now in range(41):
        for number, buffer in enumerate(buffers):
            if buffer.lifetime[0] == now:
                buffer.array.fill(number)
        for number, buffer in enumerate(buffers):
            if buffer.lifetime[0] <= now <= buffer.lifetime[1]:
                assert (buffer.array == number).all()
    assert memory.nbytes < separately(memory)


def test_the_rule_that_looks_at_all_others_places_few(monkeypatch):
    """Its time grows with the square of their number; a long graph has thousands of buffers."""
    asked, rule = [], memory.place_largest_first
    monkeypatch.setattr(
        memory, "place_largest_first", lambda some: asked.append(len(some)) or rule(some)
    )
    x = h = mg.Input((2,))
    for _ in range(2 * memory.GREEDY):
        h = np.tanh(h)
    model = mg.Model(x, L.Dense(1)(h))
    model.compile("sgd", "mse")
    table = model.plan(4)
    assert set(asked) == {memory.GREEDY} and table.verify() > 4 * memory.GREEDY
