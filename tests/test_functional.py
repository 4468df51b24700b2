"""A model is a graph of layers: branches, residuals, shared layers, several ends; as in Keras."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.gradcheck import check_gradient

rng = np.random.default_rng(0)
FLAT = rng.normal(size=(40, 6)).astype("float32")
IMAGES = rng.normal(size=(20, 8, 8, 2)).astype("float32")


def residual(lib):
    x = lib.Input((6,), name="x")
    y = lib.layers.Dense(6, "relu", name="a")(x)
    y = lib.layers.Dense(6, name="b")(y)
    y = lib.layers.Add(name="back")([x, y])
    return lib.Model(x, lib.layers.Dense(3, "softmax", name="end")(y), name="m")


def formula(lib):
    x = lib.Input((6,), name="x")
    y = lib.layers.Dense(6, "tanh", name="a")(x)
    return lib.Model(x, lib.layers.Dense(3, "softmax", name="end")(x + 2.0 * y), name="m")


def branches(lib):
    x = lib.Input((8, 8, 2), name="x")
    a = lib.layers.Conv2D(3, 3, padding="same", activation="relu", name="a")(x)
    b = lib.layers.Conv2D(2, 1, name="b")(x)
    b = lib.layers.LeakyReLU(name="leak")(b)
    y = lib.layers.Concatenate(name="join")([a, b])
    y = lib.layers.MaxPooling2D(name="pool")(y)
    one = lib.layers.GlobalAveragePooling2D(name="mean")(y)
    two = lib.layers.GlobalMaxPooling2D(name="largest")(y)
    y = lib.layers.Concatenate(name="both")([one, two])
    return lib.Model(x, lib.layers.Dense(3, "softmax", name="end")(y), name="m")


def shared(lib):
    x = lib.Input((6,), name="x")
    same = lib.layers.Dense(6, "elu", name="same")
    y = lib.layers.Add(name="sum")([same(x), same(same(x))])
    return lib.Model(x, lib.layers.Dense(3, "softmax", name="end")(y), name="m")


def nested(lib):
    inner = lib.Sequential([lib.Input((6,)), lib.layers.Dense(4, "tanh", name="in")], name="inner")
    x = lib.Input((6,), name="x")
    y = lib.layers.Concatenate(name="join")([inner(x), lib.layers.Dense(3, name="side")(x)])
    return lib.Model(x, lib.layers.Dense(3, "softmax", name="end")(y), name="m")


def reshaped(lib):
    x = lib.Input((6,), name="x")
    y = lib.layers.Reshape((3, 2, 1), name="r")(x)
    y = lib.layers.Conv2D(2, 2, name="c")(y)
    y = lib.layers.ReLU(max_value=2.0, negative_slope=0.1, name="relu")(y)
    y = lib.layers.Flatten(name="f")(y)
    y = lib.layers.ELU(name="elu")(lib.layers.Dense(3, "selu", name="d")(y))
    return lib.Model(x, lib.layers.Softmax(name="end")(y), name="m")


MODELS = [residual, formula, branches, shared, nested, reshaped]


def data(make):
    x = IMAGES if make is branches else FLAT
    return x, np.eye(3, dtype="float32")[rng.integers(3, size=len(x))]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_keras_the_plan_and_the_walk_agree(keras, make):
    x, y = data(make)
    theirs = make(keras)
    theirs.compile(
        keras.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
    )
    planned = mg.interop.from_keras(theirs)
    walked = mg.interop.from_keras(theirs, compile=False)
    walked.compile(
        mg.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy",
        metrics=["accuracy"], run_eagerly=True,
    )  # fmt: skip
    own = make(mg)
    assert [w.shape for w in own.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert [layer.name for layer in own.layers] == [layer.name for layer in theirs.layers]
    assert own.get_layer(index=2).name == theirs.get_layer(index=2).name
    options = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}
    histories = [model.fit(x, y, **options).history for model in (theirs, planned, walked)]
    for other in histories[1:]:
        assert other["loss"] == pytest.approx(histories[0]["loss"], rel=1e-4)
    for a, b, c in zip(*(m.get_weights() for m in (theirs, planned, walked)), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(b, c, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        planned.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-4
    )
    # and back
    back = mg.interop.to_keras(planned)
    np.testing.assert_allclose(back.predict(x, verbose=0), planned.predict(x, verbose=0), atol=1e-5)
    more = [model.fit(x, y, **options).history["loss"] for model in (back, planned)]
    assert more[0] == pytest.approx(more[1], rel=1e-4)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_gradient_of_the_whole_model(make):
    mg.config.set_floatx("float64")
    try:
        model = make(mg)
        model.compile("sgd", "mse")
        network = model.network(3, training=True)
        x, y = data(make)
        network.inputs.value = x[:3].astype("float64")
        network.targets.value = y[:3].astype("float64")
        assert check_gradient(network.loss)
    finally:
        mg.config.set_floatx("float32")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_plans_of_graphs_are_verified(make, threads):
    mg.set_threads(threads)
    try:
        model = make(mg)
        model.compile("adam", "categorical_crossentropy")
        for batch in (1, 8):
            assert model.plan(batch).verify() > 0
    finally:
        mg.set_threads(None)


def test_copies_and_pickles_go_on_by_themselves():
    model = residual(mg)
    model.compile("adam", "categorical_crossentropy")
    x, y = data(residual)
    model.fit(x, y, verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
        before = model.get_weights()
        other.fit(x, y, verbose=0)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_of_a_layer_in_two_models_the_first_output_is_given(keras):
    """A trained layer goes into another model, and both can still be looked into."""
    for library in (mg, keras):
        model = library.Sequential([library.Input((4,)), library.layers.Dense(3)])
        layer = model.layers[0]
        layer(library.Input((4,)))
        assert layer.output is model.outputs[0] and layer.input is model.inputs[0]


def test_weights_are_saved_and_loaded(tmp_path):
    model, other = branches(mg), branches(mg)
    model.save_weights(tmp_path / "w.npz")
    other.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(*(m.predict(IMAGES, verbose=0) for m in (model, other)))


def test_a_layer_s_output_makes_another_model():
    """The feature maps of a trained network."""
    layers = [mg.Input((8, 8, 2)), mg.layers.Conv2D(3, 3, name="c"), mg.layers.Flatten()]
    model = mg.Sequential([*layers, mg.layers.Dense(2)])
    maps = mg.Model(model.inputs, model.get_layer("c").output)
    assert maps.predict(IMAGES, verbose=0).shape == (20, 6, 6, 3)
    assert maps.weights == model.layers[0].weights  # the same, not copies
    several = mg.Model(model.inputs[0], [layer.output for layer in model.layers])
    found = several.predict(IMAGES, verbose=0)
    assert [part.shape for part in found] == [(20, 6, 6, 3), (20, 108), (20, 2)]
    np.testing.assert_allclose(found[2], model.predict(IMAGES, verbose=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[0], maps.predict(IMAGES, verbose=0), rtol=1e-5, atol=1e-6)


def two_inputs(lib):
    a, b = lib.Input((6,), name="a"), lib.Input((8, 8, 2), name="b")
    y = lib.layers.Concatenate(name="join")(
        [lib.layers.Dense(4, "relu", name="d")(a), lib.layers.Flatten(name="f")(b)]
    )
    return lib.Model([a, b], lib.layers.Dense(3, "softmax", name="end")(y), name="m")


def test_what_is_added_in_place_is_a_new_tensor():
    x = mg.Input((3,))
    y = x
    y += 2.0
    y *= x
    assert x.shape == y.shape and y is not x
    numbers = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(mg.Model(x, y).predict(numbers, verbose=0), (numbers + 2) * numbers)


def test_models_are_called_what_keras_calls_them(keras):
    def names(lib):
        lib.backend.clear_session()

        class OfMine(lib.Model):
            def call(self, x):
                return x

        x = lib.Input((3,))
        given = [(), (x, x), (x, x), (x, x)]
        kinds = [OfMine, lib.Model, lib.Model, OfMine]
        made = [kind(*ends).name for kind, ends in zip(kinds, given, strict=True)]
        return [*made, lib.Sequential().name, lib.Model(x, x, name="own").name]

    assert names(mg) == names(keras)


def test_what_is_computed_between_the_layers_is_none_of_them(keras):
    ours, theirs = ([layer.name for layer in formula(lib).layers] for lib in (mg, keras))
    assert ours == theirs == ["x", "a", "end"]


def test_several_inputs_are_keras_s(keras):
    x, y = [FLAT[:20], IMAGES], np.eye(3, dtype="float32")[rng.integers(3, size=20)]
    theirs = two_inputs(keras)
    theirs.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    ours = mg.interop.from_keras(theirs)
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    losses = [model.fit(x, y, **options).history["loss"] for model in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)
    named = ours.predict({"a": x[0], "b": x[1]}, verbose=0)
    np.testing.assert_array_equal(named, ours.predict(x, verbose=0))
    for wrong in (x[0], [x[0]], [x[0], x[1][:5]], [x[0][:, :2], x[1]], {"a": x[0]}):
        with pytest.raises(ValueError, match=r"predict"):
            ours.predict(wrong, verbose=0)


def test_a_call_of_one_s_own_takes_several_inputs(keras):
    def made(library):
        class Own(library.Model):
            def __init__(self):
                super().__init__()
                self.hidden, self.last = (library.layers.Dense(n, "tanh") for n in (4, 3))

            def call(self, inputs):
                narrow, wide = inputs
                return self.last(library.layers.concatenate([narrow, self.hidden(wide)]))

        return Own()

    given, y = (FLAT[:20, :2], FLAT[:20]), rng.normal(size=(20, 3))
    ours, theirs = made(mg), made(keras)
    for model in (theirs, ours):
        model.compile("sgd", "mse")
        model.fit(given, y, verbose=0)
    ours.set_weights(theirs.get_weights())
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    losses = [model.fit(given, y, **options).history["loss"] for model in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    np.testing.assert_allclose(
        ours.predict(given, verbose=0), theirs.predict(given, verbose=0), 1e-4
    )


def test_of_one_output_there_is_one_loss(keras):
    model = residual(mg)
    model.compile("sgd", loss={"end": "mse"}, loss_weights=[1.0])
    assert model.loss.name == "mean_squared_error"
    for wrong in ({"loss": ["mse", "mae"]}, {"loss": "mse", "loss_weights": [0.9, 0.1]}):
        with pytest.raises(ValueError, match=r'"m" has one output, and one loss; a Model.*several'):
            model.compile("sgd", **wrong)


@pytest.mark.parametrize("name", ["add_loss", "add_metric"])
def test_what_a_layer_cannot_add_is_named(name):
    with pytest.raises(AttributeError, match=rf'Dense "d".{name} is not covered: add_weight takes'):
        getattr(mg.layers.Dense(3, name="d"), name)


def test_a_model_of_one_s_own_is_a_class_with_a_call():
    class Own(mg.Model):
        def __init__(self):
            super().__init__()
            self.first = mg.layers.Dense(5, "relu")
            self.drop = mg.layers.Dropout(0.5, seed=1)
            self.last = mg.layers.Dense(3, "softmax")

        def call(self, inputs, training=False):
            hidden = self.first(inputs)
            return self.last(self.drop(hidden, training=training) + hidden)

    mg.utils.set_random_seed(3)
    model = Own()
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    x, y = data(residual)
    first, *_, last = model.fit(x, y, epochs=60, verbose=0).history["loss"]
    assert last < first and len(model.weights) == 4 and model.output_shape == (None, 3)
    assert model.predict(x, verbose=0).shape == (40, 3) and len(model.layers) == 3


def test_summaries_name_what_a_layer_is_connected_to(keras):
    def table(make, lib):
        lines = []
        make(lib).summary(print_fn=lambda text, **options: lines.append(text))
        return "\n".join(lines)

    ours = table(residual, mg)
    for part in ("Connected to", "x[0][0], b[0][0]", "back (Add)", "Total params: 105"):
        assert part in ours
    plain = table(reshaped, mg)
    assert "Connected to" not in plain and "x (InputLayer)" in plain
    assert "Connected to" not in table(reshaped, keras)


# -- errors --------------------------------------------------------------------------------
X = mg.Input((6,), name="x")
OTHER = mg.Input((6,), name="other")
DENSE = mg.layers.Dense(6, name="d")(X)
WRONG = {
    "no tensors": (lambda: mg.Model(5, DENSE), TypeError, "inputs is what Input"),
    "a layer": (lambda: mg.Model(X, mg.layers.Dense(3)), TypeError, "outputs is what Input"),
    "an array": (lambda: mg.Model(X, np.ones(3)), TypeError, "outputs is what Input"),
    "no inputs": (lambda: mg.Model([], DENSE), TypeError, "inputs is what Input"),
    "another input": (lambda: mg.Model(OTHER, DENSE), ValueError, "depend on Input 'x'"),
    "two of a name": (
        lambda: mg.Model(X, mg.layers.Dense(6, name="d")(DENSE)),
        ValueError,
        "two layers of the name 'd'",
    ),
    "shapes": (
        lambda: mg.layers.Add(name="a")([X, mg.Input((5,))]),
        ValueError,
        r'Add "a": .*shapes \(1, 6\) and \(1, 5\)',
    ),
    "one input": (lambda: mg.layers.Add(name="a")(X), ValueError, 'Add "a": is called on a list'),
    "truth": (lambda: bool(X), TypeError, "has no truth value"),
    "numbers": (lambda: np.asarray(X), TypeError, "holds no numbers"),
    "numpy": (lambda: np.linalg.norm(X), TypeError, "linalg|norm"),
    "does not fit": (lambda: mg.layers.Conv2D(1, 2, name="c")(X), ValueError, 'Conv2D "c"'),
    "no output": (lambda: mg.layers.Dense(1, name="n").output, AttributeError, "no outputs"),
    "reshape": (
        lambda: mg.layers.Reshape((4,), name="r")(X),
        ValueError,
        'Reshape "r": 6 numbers of a sample',
    ),
}


@pytest.mark.parametrize("wrong, kind, message", WRONG.values(), ids=WRONG)
def test_errors_say_what_was_wanted(wrong, kind, message):
    with pytest.raises(kind, match=message):
        wrong()


# -- what comes second, several results, and inputs by name ------------------------------------------------------
def test_a_second_input_or_training_for_ever_is_refused():
    x = mg.Input((6,))
    calls = [
        lambda: mg.layers.Dropout(0.5)(x, x),
        lambda: mg.layers.Subtract()(FLAT, FLAT),
        lambda: mg.Model(x, mg.layers.ReLU()(x))(FLAT, FLAT),
        lambda: mg.layers.Dropout(0.5)(x, training=True),  # Keras's predict drops nothing either
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"several inputs are given as a list\. What comes sec"):
            call()
    assert mg.layers.Dropout(0.5)(x, training=False).shape == (None, 6)


class Twice(mg.layers.Layer):
    def call(self, inputs):
        return inputs, 2 * inputs


class Doubled(mg.Model):
    def call(self, inputs):
        return inputs, 2 * inputs


def test_a_call_of_one_s_own_may_give_several_results():
    for made in (Twice(), Doubled()):
        once, twice = made(FLAT)
        np.testing.assert_array_equal(twice.numpy(), 2 * once.numpy())


def test_several_results_are_refused_where_one_is_wanted():
    one = mg.Input((6,))
    pair = mg.Model(one, [mg.layers.ReLU()(one), mg.layers.ReLU()(one)])
    calls = [lambda: Twice()(one), lambda: pair(one), lambda: Doubled().predict(FLAT, verbose=0)]
    for call in calls:
        with pytest.raises(ValueError, match=r'"\w+" gives 2 results: called on arrays it may'):
            call()


def test_inputs_are_given_by_name_or_refused():
    a, b = mg.Input((6,), name="a"), mg.Input((6,), name="b")
    model = mg.Model([a, b], mg.layers.Subtract()([a, b]))
    named = {"b": FLAT, "a": 3 * FLAT}
    np.testing.assert_allclose(model(named), model.predict(named, verbose=0))
    one = mg.Input((6,), name="one")
    single = mg.Model(one, mg.layers.ReLU()(one))
    np.testing.assert_array_equal(
        single.predict({"one": FLAT}, verbose=0), single.predict(FLAT, verbose=0)
    )
    np.testing.assert_array_equal(single({"one": FLAT}), single(FLAT))
    for wrong, said in ((single, "of the model are one"), (Doubled(), "have no names")):
        with pytest.raises(ValueError, match=f"x is a dictionary of a, c; the inputs {said}"):
            wrong.predict({"a": FLAT, "c": FLAT}, verbose=0)
    for call in (lambda: mg.layers.ReLU()({"a": FLAT}), lambda: model({"a": FLAT, "c": FLAT})):
        with pytest.raises(
            TypeError, match="wants an array, or a list of several; got a dictionary"
        ):
            call()
