"""Models cross to Keras and back, with all that both sides know, and errors for the rest."""

import numpy as np
import pytest
from both_ways import RULES

import minigrad as mg
from minigrad.interop import from_keras, to_keras

pytestmark = pytest.mark.usefixtures("keras")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 6, 6, 2)).astype("float32")
LABELS = RNG.integers(3, size=24)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


def every_layer(module):
    """A network with every layer of minigrad's, made by either library."""
    return module.Sequential(
        [
            module.Input((6, 6, 2)),
            module.layers.Rescaling(0.5, offset=0.1),
            module.layers.Conv2D(4, (2, 3), padding="same", use_bias=False, name="first"),
            module.layers.Activation("tanh"),
            module.layers.MaxPooling2D(2, strides=1),
            module.layers.Conv2D(3, 2, strides=(2, 1), activation="relu"),
            module.layers.AveragePooling2D((1, 2), padding="same"),
            module.layers.Dropout(0.0),
            module.layers.Flatten(),
            module.layers.Dense(5, "elu", kernel_initializer="he_normal"),
            module.layers.Dense(3, "softmax", bias_initializer=module.initializers.Constant(0.1)),
        ],
        name="every",
    )


def compiled(module, optimizer, **options):
    model = every_layer(module)
    model.compile(
        optimizer=optimizer,
        loss=module.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", module.metrics.MeanSquaredError(name="error")],
        **options,
    )
    return model


def train(model, steps=3):
    return [model.train_on_batch(X[i::steps], ONE_HOT[i::steps]) for i in range(steps)]


def assert_same_weights(a, b, atol=1e-6):
    assert len(a.get_weights()) == len(b.get_weights())
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


# -- there and back ------------------------------------------------------------------------
def test_every_layer_reaches_keras():
    model = every_layer(mg)
    theirs = to_keras(model)
    assert theirs.name == "every"
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in model.layers]
    assert theirs.input_shape == model.input_shape and theirs.output_shape == model.output_shape
    assert_same_weights(model, theirs, atol=0)
    np.testing.assert_allclose(theirs(X).numpy(), model.predict(X, verbose=0), atol=1e-6)
    for ours, other in zip(model.layers, theirs.layers, strict=True):
        assert type(ours).__name__ == type(other).__name__
    assert theirs.layers[8].name == model.layers[8].name
    assert type(theirs.layers[8].kernel_initializer).__name__ == "HeNormal"


def test_every_layer_comes_from_keras(keras):
    theirs = every_layer(keras)
    model = from_keras(theirs)
    assert [layer.name for layer in model.layers] == [layer.name for layer in theirs.layers]
    assert_same_weights(model, theirs, atol=0)
    np.testing.assert_allclose(model.predict(X, verbose=0), theirs(X).numpy(), atol=1e-6)
    assert type(model.layers[8].kernel_initializer).__name__ == "HeNormal"
    assert model.layers[9].bias_initializer.value == pytest.approx(0.1)


def test_the_copies_are_independent():
    model = compiled(mg, "sgd")
    theirs = to_keras(model)
    before = theirs.get_weights()
    train(model)
    for one, other in zip(before, theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_training_goes_on_in_keras_and_back_again(rule, tmp_path, keras):
    """Three steps here, three in Keras, three here: the same as nine steps here."""
    stays = compiled(mg, rule(mg.optimizers))
    travels = from_keras(to_keras(stays))
    train(stays), train(travels)

    theirs = to_keras(travels)
    assert theirs.optimizer.iterations == 3
    there = train(theirs)
    np.testing.assert_allclose(train(stays), there, rtol=1e-4, atol=1e-5)

    theirs.save(tmp_path / "model.keras")
    back = from_keras(keras.saving.load_model(tmp_path / "model.keras"))
    assert back.optimizer.iterations == 6
    assert back.optimizer.learning_rate == stays.optimizer.learning_rate
    np.testing.assert_allclose(train(stays), train(back), rtol=1e-4, atol=1e-5)
    assert_same_weights(stays, back, atol=2e-5)


def test_without_the_optimizer_s_memory_training_would_differ():
    """What the test above would see if the memory were lost on the way."""
    stays = compiled(mg, mg.optimizers.SGD(0.05, momentum=0.9))
    train(stays)
    forgets = from_keras(to_keras(stays))
    forgets.optimizer.memory.clear()
    train(stays), train(forgets)
    ours, theirs = stays.get_weights()[0], forgets.get_weights()[0]
    assert np.abs(ours - theirs).max() > 1e-3


LOSSES = {
    "mse": ("mse", ONE_HOT),
    "sum": (lambda m: m.losses.MeanSquaredError(reduction="sum"), ONE_HOT),
    "sparse": ("sparse_categorical_crossentropy", LABELS),
    "logits": (lambda m: m.losses.SparseCategoricalCrossentropy(from_logits=True), LABELS),
    "smooth": (lambda m: m.losses.CategoricalCrossentropy(label_smoothing=0.2), ONE_HOT),
}


@pytest.mark.filterwarnings("ignore:.*from_logits=True")  # the network ends in a softmax
@pytest.mark.parametrize("loss, y", LOSSES.values(), ids=LOSSES)
def test_losses_and_metrics_cross_both_ways(loss, y):
    model = every_layer(mg)
    accuracy = mg.metrics.BinaryAccuracy("half", threshold=0.4) if y is ONE_HOT else "accuracy"
    model.compile("adam", loss if isinstance(loss, str) else loss(mg), metrics=[accuracy])
    theirs = to_keras(model)
    back = from_keras(theirs)
    wanted = model.evaluate(X, y, verbose=0, return_dict=True)
    assert theirs.test_on_batch(X, y, return_dict=True) == pytest.approx(wanted, rel=1e-5)
    assert back.evaluate(X, y, verbose=0, return_dict=True) == pytest.approx(wanted, rel=1e-6)


def test_what_is_not_trained_stays_so():
    model = every_layer(mg)
    model.get_layer("first").trainable = False
    theirs = to_keras(model)
    assert not theirs.get_layer("first").trainable
    assert len(theirs.trainable_weights) == len(model.trainable_weights) == 6
    back = from_keras(theirs)
    assert not back.get_layer("first").trainable and len(back.trainable_weights) == 6


def test_a_model_in_a_model():
    inner = mg.Sequential([mg.Input((4,)), mg.layers.Dense(3, "relu")], name="inner")
    model = mg.Sequential([inner, mg.layers.Dense(2)])
    theirs = to_keras(model)
    x = RNG.normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(theirs(x).numpy(), model.predict(x, verbose=0), atol=1e-6)
    back = from_keras(theirs)
    assert back.layers[0].name == "inner"
    assert_same_weights(model, back, atol=0)


def test_float64_stays_float64():
    model = mg.Sequential([mg.Input((4,), dtype="float64"), mg.layers.Dense(2, dtype="float64")])
    theirs = to_keras(model)
    x = RNG.normal(size=(5, 4))
    assert theirs.weights[0].dtype == "float64"
    back = from_keras(theirs)
    assert back.layers[0].dtype == "float64"
    np.testing.assert_allclose(theirs(x).numpy(), x @ model.get_weights()[0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        back.predict(x, verbose=0), x @ model.get_weights()[0], rtol=0, atol=1e-14
    )


def test_numpy_s_tanh_is_keras_s_tanh():
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(2, activation=np.tanh)])
    assert to_keras(model).layers[0].activation.__name__ == "tanh"


def test_initializers_that_minigrad_does_not_have_have_done_their_work(keras):
    theirs = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="orthogonal")]
    )
    assert_same_weights(from_keras(theirs), theirs, atol=0)


def test_without_compile_only_the_network_crosses(keras):
    theirs = every_layer(keras)
    theirs.compile("lion", "poisson")
    model = from_keras(theirs, compile=False)
    assert (
        model.optimizer is None and to_keras(compiled(mg, "sgd"), compile=False).compiled is False
    )


# -- what cannot cross ---------------------------------------------------------------------
class Twice(mg.layers.Layer):
    def call(self, inputs):
        return inputs * 2.0


def absolute(y_true, y_pred):
    return np.mean(abs(y_true - y_pred), axis=-1)


def small(*parts, **compiled_with):
    model = mg.Sequential([mg.Input((4,)), *parts, mg.layers.Dense(2)])
    if compiled_with:
        model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled_with})
    return model


class Stairs(mg.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1


CANNOT_GO = {
    "no model": (lambda: to_keras([1]), TypeError, r"takes a model of minigrad's, got \[1\]"),
    "not built": (
        lambda: to_keras(mg.Sequential([mg.layers.Dense(2)])),
        ValueError,
        "not built yet, so it has no weights to carry: put mg.Input",
    ),
    "layer": (
        lambda: to_keras(small(Twice(name="twice"))),
        ValueError,
        'Twice "twice" is no layer of minigrad.s.*Carried are Activation,',
    ),
    "activation": (
        lambda: to_keras(small(mg.layers.Dense(2, activation=np.sin, name="wave"))),
        ValueError,
        'Dense "wave": its activation .*sin.* is a function of your own.*elu, linear',
    ),
    "schedule": (
        lambda: to_keras(small(optimizer=mg.optimizers.SGD(Stairs()))),
        ValueError,
        "Stairs.* is no schedule of minigrad.s.*Carried are CosineDecay,",
    ),
    "loss": (
        lambda: to_keras(small(loss=absolute)),
        ValueError,
        "'absolute' is no loss of minigrad's",
    ),
    "metric": (
        lambda: to_keras(small(metrics=[absolute])),
        ValueError,
        "absolute.* is no metric of minigrad's",
    ),
}


@pytest.mark.parametrize("go, error, message", CANNOT_GO.values(), ids=CANNOT_GO)
def test_what_cannot_go_is_named(go, error, message):
    with pytest.raises(error, match=message):
        go()


CANNOT_COME = {
    "no model": (
        lambda k: 1,
        TypeError,
        "takes a keras.Sequential or a keras.Model of inputs and outputs, got int",
    ),
    "not built": (lambda k: k.Sequential([k.layers.Dense(2)]), ValueError, "is not built yet"),
    "layer": (
        lambda k: row(k, k.layers.LayerNormalization(name="norm")),
        ValueError,
        'LayerNormalization "norm" is not covered by minigrad. Covered are Activation',
    ),
    "subclass": (
        lambda k: row(k, type("Dense", (k.layers.Dense,), {})(2, name="mine")),
        ValueError,
        'Dense "mine" is not covered',
    ),
    "argument": (
        lambda k: row(k, k.layers.Dense(2, kernel_constraint="max_norm")),
        ValueError,
        "kernel_constraint=.* is not covered",
    ),
    "activation": (
        lambda k: row(k, k.layers.Dense(2, activation="celu")),
        ValueError,
        "activation 'celu' is not covered; there are elu",
    ),
    "half": (
        lambda k: row(k, k.layers.Dense(2, dtype="mixed_float16", name="half")),
        ValueError,
        'Dense "half" computes in mixed_float16; minigrad.s dtypes are float32 and float64',
    ),
    "optimizer": (
        lambda k: row(k, optimizer="lion", loss="mse"),
        ValueError,
        "optimizer 'Lion' is not covered.* Keras has it. compile=False leaves it out",
    ),
    "schedule": (
        lambda k: row(
            k,
            optimizer=k.optimizers.SGD(k.optimizers.schedules.CosineDecayRestarts(0.1, 9)),
            loss="mse",
        ),
        ValueError,
        "schedule 'CosineDecayRestarts' is not covered; there are CosineDecay, ",
    ),
    "clipping": (
        lambda k: row(k, optimizer=k.optimizers.Adam(global_clipnorm=1.0), loss="mse"),
        ValueError,
        "Adam: global_clipnorm=1.0 is not covered",
    ),
    "loss": (
        lambda k: row(k, optimizer="sgd", loss=k.losses.Poisson()),
        ValueError,
        "loss 'Poisson' is not covered.* Keras has it. compile=False leaves it out",
    ),
    "loss's name": (
        lambda k: row(k, optimizer="sgd", loss="hinge"),
        ValueError,
        "loss 'hinge' is not covered",
    ),
    "metric": (
        lambda k: row(k, optimizer="sgd", loss="mse", metrics=[k.metrics.AUC()]),
        ValueError,
        "metric 'AUC' is not covered.*compile=False leaves it out",
    ),
}


def row(keras, *parts, **compiled_with):
    model = keras.Sequential([keras.Input((4,)), *parts, keras.layers.Dense(2)])
    if compiled_with:
        model.compile(**compiled_with)
    return model


@pytest.mark.parametrize("model, error, message", CANNOT_COME.values(), ids=CANNOT_COME)
def test_what_cannot_come_is_named(model, error, message, keras):
    theirs = model(keras)
    with pytest.raises(error, match=message):
        from_keras(theirs)


def test_without_keras_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    monkeypatch.delitem(__import__("sys").modules, "keras")
    monkeypatch.setattr("builtins.__import__", refuse_keras(__import__))
    with pytest.raises(ImportError, match=r'pip install .* "\.\[keras\]"'):
        mg.interop.import_keras()


def refuse_keras(true_import):
    def pretend(name, *rest, **more):
        if name == "keras":
            raise ImportError("No module named 'keras'")
        return true_import(name, *rest, **more)

    return pretend


def test_a_layer_that_is_not_trained_stays_so_in_a_graph():
    x = mg.Input((3,))
    y = mg.layers.Dense(2, name="first", trainable=False)(x)
    model = mg.Model(x, mg.layers.Dense(1)(y))
    theirs = to_keras(model)
    assert not theirs.get_layer("first").trainable and len(theirs.trainable_weights) == 2
    assert not from_keras(theirs).get_layer("first").trainable
