"""Models with several outputs train as Keras's do: a loss for each, of which the sum is made small."""

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 6)).astype(np.float32)
CLASSES, NUMBERS = RNG.integers(0, 3, 40), RNG.normal(size=(40, 2)).astype(np.float32)
LOSSES = ["sparse_categorical_crossentropy", "mse"]


def model_of(library):
    layers, x = library.layers, library.Input((6,), name="x")
    h = layers.Dense(5, "tanh", name="h", kernel_regularizer="l2")(x)
    kind = layers.Dense(3, "softmax", name="type")(h)
    return library.Model(x, [kind, layers.Dense(2, name="size")(h)], name="two")


def pair(keras, *arguments, **options):
    theirs, mine = model_of(keras), model_of(mg)
    mine.set_weights(theirs.get_weights())
    for model in (theirs, mine):
        model.compile("adam", *arguments, **options)
    return mine, theirs


def fitted(model, y, **options):
    return model.fit(X, y, batch_size=16, epochs=3, shuffle=False, verbose=0, **options).history


WAYS = {
    "lists": ((LOSSES,), {"metrics": [["accuracy"], ["mae", "mse"]]}, [CLASSES, NUMBERS]),
    "names": (
        ({"type": LOSSES[0], "size": "mae"},),
        {"metrics": {"size": "mae", "type": ["acc"]}, "loss_weights": {"type": 1, "size": 0.3}},
        {"size": NUMBERS, "type": CLASSES},
    ),
    "weights": ((LOSSES,), {"loss_weights": [0.5, 2.0]}, (CLASSES[:, None], NUMBERS)),
    "no metric for one": ((LOSSES,), {"metrics": [["accuracy"], None]}, [CLASSES, NUMBERS]),
}


@pytest.mark.filterwarnings("ignore:.*structure")
@pytest.mark.parametrize("compiled, options, y", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("eagerly", [False, True], ids=["planned", "walked"])
def test_the_history_is_keras_s(compiled, options, y, eagerly, keras):
    mine, theirs = pair(keras, *compiled, **options)
    mine.run_eagerly = eagerly
    found, wanted = (fitted(m, y, validation_split=0.2) for m in (mine, theirs))
    assert list(found) == list(wanted)
    for name in found:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4, err_msg=name)
    # Keras's mean of a part counts batches, not samples: here they have as many
    results = [m.evaluate(X, y, batch_size=20, verbose=0) for m in (mine, theirs)]
    np.testing.assert_allclose(*results, rtol=1e-4)
    assert len(mine.metrics_names) == len(results[0])


def test_it_is_handed_over_and_back(keras):
    mine, _ = pair(keras, LOSSES, metrics=[["accuracy"], ["mae"]], loss_weights=[1.0, 0.5])
    y = [CLASSES, NUMBERS]
    fitted(mine, y)
    theirs = mg.interop.to_keras(mine)
    again = mg.interop.from_keras(theirs)
    told = [fitted(model, y)["loss"] for model in (mine, theirs, again)]
    np.testing.assert_allclose(told[1], told[0], rtol=1e-4)
    np.testing.assert_allclose(told[2], told[0], rtol=1e-4)


def test_batches_may_be_yielded(keras):
    mine, theirs = pair(keras, LOSSES)

    def batches():
        for start in range(0, 40, 10):
            part = slice(start, start + 10)
            yield X[part], (CLASSES[part], NUMBERS[part])

    np.testing.assert_allclose(
        *(m.fit(batches(), verbose=0).history["loss"] for m in (mine, theirs)), rtol=1e-5
    )


COUNTS = RNG.uniform(size=(2, 40))
WEIGHTS = {
    "list": (lambda rows: [COUNTS[0, rows], COUNTS[1, rows]]),
    "one for all": lambda rows: COUNTS[0, rows],
}


@pytest.mark.filterwarnings("ignore:.*structure")
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("eagerly", [False, True], ids=["planned", "walked"])
def test_samples_count_for_each_output_as_much_as_in_keras(weights, eagerly, keras):
    mine, theirs = pair(keras, LOSSES, metrics=[["accuracy"], ["mae"]], loss_weights=[0.5, 2.0])
    mine.run_eagerly = eagerly
    most, rest = slice(0, 32), slice(32, 40)
    tested = X[rest], [CLASSES[rest], NUMBERS[rest]], weights(rest)
    y, options = [CLASSES[most], NUMBERS[most]], {"batch_size": 16, "shuffle": False, "verbose": 0}
    options |= {"sample_weight": weights(most), "validation_data": tested, "epochs": 3}
    found, wanted = (m.fit(X[most], y, **options).history for m in (mine, theirs))
    assert list(found) == list(wanted)
    for name in found:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4, err_msg=name)
    results = [
        m.train_on_batch(X, [CLASSES, NUMBERS], weights(slice(None))) for m in (mine, theirs)
    ]
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-4)


def test_samples_of_an_output_that_is_left_out_count_alike():
    def fitted(**options):
        mg.utils.set_random_seed(0)
        model = model_of(mg)
        model.compile("sgd", LOSSES)
        y = [CLASSES, NUMBERS]
        return model.fit(X, y, 16, epochs=2, shuffle=False, verbose=0, **options).history

    named, both = (
        fitted(sample_weight=weights) for weights in ({"size": COUNTS[0]}, [np.ones(40), COUNTS[0]])
    )
    assert named == both and named != fitted()


def test_an_output_without_a_loss_is_only_predicted(keras):
    mine, theirs = pair(keras, {"type": LOSSES[0], "size": None})
    y = {"type": CLASSES, "size": NUMBERS}
    np.testing.assert_allclose(fitted(mine, y)["loss"], fitted(theirs, y)["loss"], rtol=1e-4)
    assert [part.shape for part in mine.predict(X, verbose=0)] == [(40, 3), (40, 2)]


WRONG = {
    "three losses": (
        lambda m: m.compile("sgd", ["mse"] * 3),
        "3 were given, for the outputs type,",
    ),
    "no such output": (lambda m: m.compile("sgd", {"typ": "mse"}), "no output is called 'typ'"),
    "one target": (lambda m: m.fit(X, [CLASSES], verbose=0), "1 were given, for the outputs"),
    "lengths": (lambda m: m.fit(X, [CLASSES, NUMBERS[:3]], verbose=0), "as many of each"),
    "shape": (lambda m: m.fit(X, [CLASSES, X], verbose=0), r"targets have shape \(40, 6\)"),
    "class": (lambda m: m.fit(X, [CLASSES + 9, NUMBERS], verbose=0), "run from 9 to 11"),
    "weights": (
        lambda m: m.fit(X, [CLASSES, NUMBERS], sample_weight=[np.ones(40)], verbose=0),
        "sample_weight: 1 were given, for the outputs type, size",
    ),
    "length of weights": (
        lambda m: m.fit(X, [CLASSES, NUMBERS], sample_weight={"size": np.ones(3)}, verbose=0),
        r"sample_weight has shape \(3,\), wanted one number for each of 40 samples",
    ),
    "weights of classes": (
        lambda m: m.fit(X, [CLASSES, NUMBERS], class_weight={0: 2.0}, verbose=0),
        "class_weight is for a model with one output",
    ),
}


@pytest.mark.parametrize("use, message", WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_before_anything_changes(use, message):
    model = model_of(mg)
    model.compile("sgd", LOSSES)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        use(model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size"])
def test_the_loss_of_class_numbers_keeps_its_reduction(keras, reduction):
    theirs, mine = model_of(keras), model_of(mg)
    mine.set_weights(theirs.get_weights())
    results = []
    for library, model in ((keras, theirs), (mg, mine)):
        part = library.losses.SparseCategoricalCrossentropy(reduction=reduction)
        model.compile(library.optimizers.SGD(0.001), [part, "mse"])
        model.train_on_batch(X, [CLASSES, NUMBERS])
        results.append(model.evaluate(X, [CLASSES, NUMBERS], batch_size=40, verbose=0))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4)


class Own(mg.losses.SparseCategoricalCrossentropy):
    def call(self, y_true, y_pred):
        return super().call(y_true, y_pred) * 2


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Own(name="own"), "own takes class numbers"),
        (mg.losses.MeanSquaredError(reduction="none"), "no single number"),
    ],
)
def test_a_loss_that_cannot_be_one_of_several_is_refused_by_compile(part, message):
    with pytest.raises(ValueError, match=message):
        model_of(mg).compile("sgd", {"type": part, "size": "mse"})


def test_what_is_set_at_one_of_the_losses_counts_in_the_next_call():
    model, part = model_of(mg), mg.losses.Huber()
    model.compile("sgd", [None, part])
    evaluate = lambda: model.evaluate(X, [None, NUMBERS], verbose=0, return_dict=True)  # noqa: E731
    before = evaluate()
    part.delta = 0.01
    after = evaluate()
    assert after["size_loss"] < before["size_loss"] / 2
    assert before["loss"] - before["size_loss"] == pytest.approx(after["loss"] - after["size_loss"])
