"""What `fit`, `evaluate` and `predict` take: arrays, and sets that come batch by batch.

Keras says what is right; the graph walked node by node and the plan both have to agree with it.
"""

import warnings

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype("float32")
LABELS = RNG.integers(3, size=50)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
WEIGHTS = np.where(np.arange(50) % 7, RNG.uniform(0, 3, 50), 0)
BATCHES = [(X[i : i + 16], ONE_HOT[i : i + 16]) for i in range(0, 50, 16)]


def classifier(loss="categorical_crossentropy", last="softmax", units=3, **options):
    mg.utils.set_random_seed(1)
    model = mg.Sequential(
        [mg.Input((6,)), mg.layers.Dense(8, "tanh"), mg.layers.Dense(units, last)]
    )
    model.compile(mg.optimizers.Adam(0.01), loss, metrics=["accuracy"], **options)
    return model


def three(*arguments):
    """The same model as a plan, as a graph that is walked, and in Keras."""
    planned, walked = classifier(*arguments), classifier(*arguments, run_eagerly=True)
    theirs = mg.interop.to_keras(planned)
    theirs.run_eagerly = True  # nothing to trace: seconds become milliseconds
    return planned, walked, theirs


def agree(models, use, tolerance=2e-5):
    """What becomes of models that are used in the same way: results and weights."""
    found = [use(model) for model in models]
    found = [getattr(result, "history", result) for result in found]
    for result in found[:-1]:
        assert type(result) is type(found[-1])
        if isinstance(result, dict):
            assert list(result) == list(found[-1])
        result, wanted = (
            np.hstack(list(each.values() if isinstance(each, dict) else each))
            for each in (result, found[-1])
        )
        np.testing.assert_allclose(result, wanted, rtol=tolerance, atol=tolerance)
    *ours, theirs = (model.get_weights() for model in models)
    for weights in ours:
        for mine, other in zip(weights, theirs, strict=True):
            np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)
    return found[0]


class Numbered(mg.utils.PyDataset):
    def __init__(self):
        super().__init__(workers=2)
        self.told = []

    def __len__(self):
        return len(BATCHES)

    def __getitem__(self, number):
        return BATCHES[number]

    def on_epoch_end(self):
        self.told.append("end")


def of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X, ONE_HOT)).batch(16)


def of_torch():
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(ONE_HOT))
    return torch.utils.data.DataLoader(pairs, batch_size=16)


def of_keras():
    keras = pytest.importorskip("keras")

    class Theirs(keras.utils.PyDataset):
        __len__, __getitem__ = Numbered.__len__, Numbered.__getitem__

    return Theirs()


STREAMS = {
    "numbered": Numbered,
    "tf.data": of_tensorflow,
    "torch": of_torch,
    "PyDataset": of_keras,
    "iterable": lambda: dict(enumerate(BATCHES)).values(),
}


@pytest.mark.parametrize("validated", [False, True])
def test_a_data_set_is_told_of_its_epochs_as_by_keras(keras, validated):
    def told(library):
        events = []

        class Told(library.utils.PyDataset):
            def __init__(self, name):
                super().__init__()
                self.name = name

            def __len__(self):
                return len(BATCHES)

            def __getitem__(self, number):
                return BATCHES[number]

            def on_epoch_begin(self):
                events.append(f"{self.name} begins")

            def on_epoch_end(self):
                events.append(f"{self.name} ends")

        width = BATCHES[0][0].shape[1]
        model = library.Sequential([library.Input((width,)), library.layers.Dense(3, "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        held_out = Told("held out") if validated else None
        model.fit(Told("learned"), validation_data=held_out, epochs=3, verbose=0)
        model.evaluate(Told("tested"), verbose=0)
        model.predict(Told("asked"), verbose=0)
        return events

    assert told(mg) == told(keras)


def test_a_data_set_may_say_itself_how_many_batches_it_has(keras):
    def steps(library):
        class Endless(library.utils.PyDataset):
            num_batches = 2

            def __getitem__(self, number):
                assert number < 10
                return BATCHES[0]

        width, seen = BATCHES[0][0].shape[1], []
        model = library.Sequential([library.Input((width,)), library.layers.Dense(3, "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        count = library.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(b))
        model.fit(Endless(), epochs=2, verbose=0, callbacks=[count])
        return seen

    assert steps(mg) == steps(keras) == [0, 1, 0, 1]


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
@pytest.mark.usefixtures("keras")
def test_a_set_of_batches_is_as_good_as_arrays(make):
    arrays, streamed = classifier(), classifier()
    data = make()
    wanted = arrays.fit(
        X, ONE_HOT, 16, epochs=3, shuffle=False, verbose=0, validation_data=(X, ONE_HOT)
    )
    found = streamed.fit(data, epochs=3, shuffle=False, verbose=0, validation_data=make())
    for key in wanted.history:
        slack = {} if key.startswith("val") else {"rtol": 0}
        np.testing.assert_allclose(found.history[key], wanted.history[key], **slack)
    assert found.params["steps"] == (4 if hasattr(data, "__len__") else None)
    assert all(map(np.array_equal, arrays.get_weights(), streamed.get_weights()))
    assert arrays.evaluate(X, ONE_HOT, 16, verbose=0) == streamed.evaluate(data, verbose=0)
    np.testing.assert_array_equal(
        arrays.predict(X, 16, verbose=0), streamed.predict(data, verbose=0)
    )


def forever(weights=False):
    """Batches without end, each of another size."""
    start = 0
    while True:
        rows = np.arange(start, start + 5 + start % 4) % 50
        start += len(rows)
        yield (X[rows], ONE_HOT[rows], WEIGHTS[rows])[: 3 if weights else 2]


@pytest.mark.parametrize("weights", [False, True])
def test_a_generator_without_end(keras, weights):
    agree(
        three(),
        lambda m: m.fit(
            forever(weights),
            steps_per_epoch=6,
            epochs=3,
            shuffle=False,
            verbose=0,
            validation_data=(X, ONE_HOT),
            validation_steps=2,
            validation_batch_size=10,
            validation_freq=[1, 3],
        ),
    )


STEPS = {  # (samples in a batch, steps in an epoch): of 50 samples
    "fewer": (5, 4),
    "all": (5, 10),
    "more": (5, 12),
    "batches by steps": (None, 7),
}


@pytest.mark.parametrize("size, steps", STEPS.values(), ids=STEPS)
def test_steps_per_epoch_of_arrays(keras, size, steps):
    warned = []

    def use(model):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(
                X, ONE_HOT, size, epochs=5, steps_per_epoch=steps, shuffle=False, verbose=0
            )
        said = [str(w.message) for w in caught]
        warned.append(sum("ended after" in s or "ran out of data" in s for s in said) > 0)
        assert history.params["steps"] == steps
        return history

    agree(three(), use)
    assert len(set(warned)) == 1, warned


def test_steps_of_evaluate_and_predict(keras):
    models = three()
    agree(models, lambda m: m.evaluate(X, ONE_HOT, 9, steps=3, verbose=0))
    agree(models, lambda m: m.evaluate(X, ONE_HOT, steps=3, verbose=0))
    agree(models, lambda m: m.evaluate(forever(True), steps=3, verbose=0))
    agree(models, lambda m: m.predict(X, 9, steps=3, verbose=0))
    agree(models, lambda m: m.predict(forever(), steps=3, verbose=0))
    agree(models, lambda m: m.predict(((x,) for x, _ in BATCHES), verbose=0))


@pytest.mark.parametrize("shuffle", [False, True])
def test_class_weights_reach_every_batch(keras, shuffle):
    arrays, streamed = classifier(), classifier()
    arrays.fit(X, ONE_HOT, 16, class_weight={1: 4.0}, shuffle=False, verbose=0)
    streamed.fit(Numbered(), class_weight={1: 4.0}, shuffle=shuffle, verbose=0)
    same = all(map(np.array_equal, arrays.get_weights(), streamed.get_weights()))
    assert same != shuffle  # numbered batches come in another order


def test_a_generator_to_validate_with_goes_on_where_it_stopped():
    def powers():
        for power in range(12):
            yield np.ones((4, 1)), np.full((4, 1), 2.0**power)

    model = mg.Sequential([mg.Input((1,)), mg.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(mg.optimizers.SGD(0.0), "mae")
    told = model.fit(
        np.ones((4, 1)),
        np.ones((4, 1)),
        epochs=3,
        verbose=0,
        validation_data=powers(),
        validation_steps=4,
    )
    assert told.history["val_loss"] == [15 / 4, 15 * 16 / 4, 15 * 256 / 4]


def test_a_generator_that_ends_ends_training():
    model = classifier()
    with pytest.warns(UserWarning, match="no batch for epoch 2: training ends"):
        history = model.fit(iter(BATCHES), epochs=5, verbose=0)
    assert history.epoch == [0] and model.optimizer.iterations == len(BATCHES)
    with pytest.warns(UserWarning, match="ended after 4 of the 6 steps"):
        model.fit(iter(BATCHES), steps_per_epoch=6, verbose=0)
    with pytest.raises(ValueError, match="validation_data yields no batch any more"):
        model.fit(X, ONE_HOT, epochs=2, validation_data=iter(BATCHES), verbose=0)
    assert model.history.epoch == [0]


def test_a_set_hears_of_its_epochs():
    data = Numbered()
    classifier().fit(data, epochs=3, verbose=0)
    assert data.told == ["end"] * 4  # once before the first, as by Keras


def test_a_model_learns_its_input_from_the_first_batch():
    model = mg.Sequential([mg.layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ValueError, match="batch 0: x has 16 samples, y has 2"):
        model.fit(iter([(X[:16], ONE_HOT[:2])]))
    assert not model.built
    model.fit(iter(BATCHES), verbose=0)
    assert model.input_shape == (None, 6)


WRONG = {
    "shape": ((X[:, :4], ONE_HOT), r"fit: batch 2: .* takes samples of shape \(6,\), got \(4,\)"),
    "rows": ((X, ONE_HOT[:3]), "fit: batch 2: x has 50 samples, y has 3"),
    "nan": ((np.full((4, 6), np.nan), ONE_HOT[:4]), "batch 2: x holds a number that is not finite"),
    "no y": (X, "fit: batch 2: y is missing"),
    "text": ("abc", "fit: batch 2: x wants arrays of real numbers, got str"),
    "four": ((X, X, X, X), r"batch 2 is \(x, y\) or \(x, y, sample_weight\), got 4 parts"),
    "weights": ((X, ONE_HOT, [1, 2]), r"batch 2: sample_weight has shape \(2,\)"),
}


@pytest.mark.parametrize("item, message", WRONG.values(), ids=WRONG)
def test_a_wrong_batch_ends_training_between_two_steps(item, message):
    model, right = classifier(), classifier()
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(iter([*BATCHES[:2], item, *BATCHES]), verbose=0)
    right.fit(iter(BATCHES[:2]), verbose=0)
    assert all(map(np.array_equal, model.get_weights(), right.get_weights()))
    assert model.optimizer.iterations == 2
    model.fit(X, ONE_HOT, verbose=0)  # and it goes on


def test_an_error_of_the_generator_s_own_is_passed_on():
    def broken():
        yield BATCHES[0]
        raise KeyError("the file is gone")

    with pytest.raises(KeyError, match="the file is gone"):
        classifier().fit(broken(), verbose=0)


def test_the_progress_line_says_that_nobody_knows(capsys, monkeypatch):
    from minigrad.model import progress

    monkeypatch.setattr(progress, "INTERVAL", 0)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    classifier().fit(iter(BATCHES), verbose=1)
    said = capsys.readouterr().out.split("\r")
    assert said[2].startswith("      2/Unknown ") and "step - accuracy" in said[2]
    assert said[-1].startswith("4/4 ")


def test_tables_and_lists():
    class Table:
        """What pandas has in common with every other library of tables."""

        def __init__(self, rows):
            self.rows, self.columns = rows, range(3)

        def __array__(self, dtype=None, copy=None):
            return np.array(self.rows, dtype)

    arrays, tables, lists = classifier(), classifier(), classifier()
    options = {"shuffle": False, "verbose": 0}
    arrays.fit(X, ONE_HOT, sample_weight=WEIGHTS, **options)
    tables.fit(Table(X), Table(ONE_HOT), sample_weight=Table(WEIGHTS), **options)
    lists.fit(X.tolist(), ONE_HOT.tolist(), sample_weight=WEIGHTS.tolist(), **options)
    for model in (tables, lists):
        assert all(map(np.array_equal, arrays.get_weights(), model.get_weights()))


def test_targets_that_do_not_fit_are_told_by_where_they_came_from():
    for given, where in (
        ({"x": X, "y": ONE_HOT[:, :2]}, "fit: "),
        ({"x": X, "y": ONE_HOT, "validation_data": (X, ONE_HOT[:, :2])}, "fit: validation_data: "),
        ({"x": iter([(X, ONE_HOT[:, :2])])}, "fit: batch 0: "),
    ):
        with pytest.raises(ValueError, match=rf"^{where}categorical_cross.* targets have shape"):
            classifier().fit(**given, verbose=0)


def test_an_object_that_will_not_become_an_array_says_why():
    class OnTheDevice:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("call .cpu() first")

    for x, y, which in ((OnTheDevice(), ONE_HOT, "x"), (X, OnTheDevice(), "y")):
        with pytest.raises(ValueError, match=rf"fit: {which}: no array .*: call \.cpu\(\) first"):
            classifier().fit(x, y, verbose=0)
    with pytest.raises(ValueError, match=r"targets are real numbers, got .*: call \.cpu\(\) first"):
        mg.losses.MeanSquaredError()(OnTheDevice(), X)


# -- what models say of themselves -----------------------------------------------------------
def test_names_and_numbers_of_metrics(keras):
    model = classifier()
    assert model.metrics_names == ["loss", "accuracy"] and model.get_metrics_result() == {
        "accuracy": 0.0,
        "loss": 0.0,
    }
    theirs = mg.interop.to_keras(model)
    theirs.run_eagerly = True
    for each in (model, theirs):
        each.fit(X, ONE_HOT, shuffle=False, verbose=0)
    ours, wanted = model.get_metrics_result(), theirs.get_metrics_result()
    assert sorted(ours) == sorted(wanted)
    assert ours == pytest.approx({name: float(value) for name, value in wanted.items()}, rel=1e-5)
    tested = model.evaluate(X, ONE_HOT, verbose=0)
    named = model.evaluate(X, ONE_HOT, verbose=0, return_dict=True)
    assert dict(zip(model.metrics_names, tested, strict=True)) == named
    model.reset_metrics()
    assert model.get_metrics_result() == {"accuracy": 0.0, "loss": 0.0}
    assert mg.Sequential().metrics_names == []


def test_inputs_and_outputs(keras):
    for k in (mg, keras):
        a, b = k.Input((2,)), k.Input((3,))
        both = k.layers.Concatenate()([a, b])
        last = k.layers.Dense(2)(both)
        model = k.Model([a, b], [last, both])
        assert model.input == [a, b] and model.output == [last, both]
        single = k.Model(a, k.layers.Dense(1)(a))
        assert single.input is single.inputs[0] and single.output is single.outputs[0]
    row = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    assert row.input is row.inputs[0] and row.output.shape == (None, 1)
    with pytest.raises(AttributeError, match="does not know its input yet"):
        mg.Sequential([mg.layers.Dense(1)]).input  # noqa: B018


def test_lists_of_one(keras):
    """As scripts write them for a model's only output."""
    for k in (mg, keras):
        model = k.Sequential([k.Input((6,)), k.layers.Dense(3, "softmax")])
        model.compile("sgd", loss=["mse"], metrics=[["mae"]])
        assert list(model.fit(X, ONE_HOT, verbose=0).history) == ["loss", "mae"]
