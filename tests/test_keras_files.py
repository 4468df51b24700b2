"""Files in Keras's formats: what one library writes, the other opens and goes on with."""

import builtins

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(4)
X = RNG.normal(size=(24, 6, 6, 1)).astype(np.float32)
Y = RNG.integers(0, 3, 24)


def in_a_row(library):
    layers = library.layers
    return library.Sequential(
        [
            library.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, "softmax", name="out"),
        ],
        name="row",
    )


def branched(library):
    layers, x = library.layers, library.Input((6, 6, 1), name="pictures")
    flat = layers.Flatten()(x)
    wide = layers.Dense(5, "tanh", name="wide")(flat)
    deep = layers.Dense(5, "relu", name="deep_2")(layers.Dense(4, name="deep_1")(flat))
    out = layers.Dense(3, "softmax", name="out")(layers.Concatenate()([wide, deep]))
    return library.Model(x, out, name="branched")


MODELS = [in_a_row, branched]


def trained(library, make, epochs=2):
    model = make(library)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0)
    return model


def go_on(model):
    return model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize("make", MODELS)
def test_keras_opens_a_model_and_trains_it_further_alike(make, tmp_path, keras):
    mine = trained(mg, make)
    mine.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(theirs.predict(X, verbose=0), mine.predict(X, verbose=0), atol=1e-5)
    np.testing.assert_allclose(go_on(theirs), go_on(mine), rtol=1e-4)


@pytest.mark.parametrize("make", MODELS)
def test_a_model_of_keras_s_is_opened_and_trained_further_alike(make, tmp_path, keras):
    theirs = trained(keras, make)
    theirs.save(tmp_path / "model.keras")
    mine = mg.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(mine.predict(X, verbose=0), theirs.predict(X, verbose=0), atol=1e-5)
    np.testing.assert_allclose(go_on(mine), go_on(theirs), rtol=1e-4)


def test_a_model_that_was_saved_is_the_same_model(tmp_path):
    mine = trained(mg, in_a_row)
    mg.models.save_model(mine, tmp_path / "model.keras")
    again = mg.saving.load_model(str(tmp_path / "model.keras"))
    for a, b in zip(mine.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert go_on(mine) == go_on(again)


def test_a_model_may_be_read_without_what_it_was_compiled_with(tmp_path, keras):
    theirs = in_a_row(keras)
    theirs.compile("ftrl", "poisson")
    theirs.save(tmp_path / "model.keras")
    assert mg.models.load_model(tmp_path / "model.keras", compile=False).optimizer is None
    with pytest.raises(ValueError, match=r"optimizer 'Ftrl' is not covered.*compile=False"):
        mg.models.load_model(tmp_path / "model.keras")


def exchange_weights(mine, theirs, folder):
    """Each reads the other's file, and predicts what the other did."""
    wanted = theirs.predict(X, verbose=0)
    theirs.save_weights(folder / "theirs.weights.h5")
    mine.save_weights(folder / "mine.weights.h5")
    theirs.load_weights(folder / "mine.weights.h5")
    np.testing.assert_allclose(theirs.predict(X, verbose=0), mine.predict(X, verbose=0), atol=1e-5)
    mine.load_weights(folder / "theirs.weights.h5")
    np.testing.assert_allclose(mine.predict(X, verbose=0), wanted, atol=1e-5)


@pytest.mark.parametrize("make", MODELS)
def test_weights_go_both_ways(make, tmp_path, keras):
    mine, theirs = trained(mg, make), trained(keras, make)
    exchange_weights(mine, theirs, tmp_path)


def own_layers(library):
    """A layer of one's own in a model of one's own: what Keras's files know by their places."""
    layers = library.layers

    class Block(layers.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.hidden = [layers.Dense(4, "relu"), layers.Dense(4, lambda z: z * z)]
            self.norm, self.drop = layers.BatchNormalization(), layers.Dropout(0.2)

        def build(self, input_shape):
            self.count = self.add_weight((1,), "zeros", trainable=False, name="count")
            self.scale = self.add_weight((4,), "ones", name="scale")
            self.hidden[0].build(input_shape)
            self.hidden[1].build((None, 4))
            self.norm.build((None, 4))

        def call(self, inputs, training=False):
            for layer in self.hidden:
                inputs = layer(inputs)
            return self.drop(self.norm(inputs, training=training)) * self.scale + self.count

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 4)

    return Block


def with_own_in_a_row(library):
    layers = library.layers
    double = layers.Lambda(lambda x: 2 * x)
    parts = [layers.Flatten(), own_layers(library)(), double, layers.Dense(3, "softmax")]
    return library.Sequential([library.Input((6, 6, 1)), *parts])


def with_own_in_branches(library):
    x = library.Input((6, 6, 1))
    flat = library.layers.Flatten()(x)
    y = own_layers(library)()(flat) + library.layers.Dense(4)(flat)
    return library.Model(x, library.layers.Dense(3, "softmax")(y))


def a_class_of_its_own(library):
    layers = library.layers

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.z_flat, self.block = layers.Flatten(), own_layers(library)()
            self.head = library.Sequential([layers.Dense(5), layers.Dropout(0.1)])
            self.out = layers.Dense(3, "softmax")

        def call(self, inputs, training=False):
            z = self.block(self.z_flat(inputs), training=training)
            return self.out(self.head(z, training=training))

    model = Net()
    model(X[:1])
    return model


@pytest.mark.parametrize("make", [with_own_in_a_row, with_own_in_branches, a_class_of_its_own])
def test_weights_of_layers_of_one_s_own_go_both_ways_as_well(make, tmp_path, keras):
    mine, theirs = make(mg), make(keras)
    for weight in mine.weights:
        weight.value = RNG.uniform(0.1, 1, weight.shape)
    assert np.any(abs(mine.predict(X, verbose=0) - theirs.predict(X, verbose=0)) > 1e-3)
    exchange_weights(mine, theirs, tmp_path)


@pytest.mark.parametrize("make", MODELS)
def test_what_a_model_is_made_of_is_a_text(make, keras):
    mine = trained(mg, make)
    for read, write in ((keras.models, mine), (mg.models, mine), (mg.models, make(keras))):
        again = read.model_from_json(write.to_json())
        again.set_weights(mine.get_weights())
        np.testing.assert_allclose(
            again.predict(X, verbose=0), mine.predict(X, verbose=0), atol=1e-5
        )
    with pytest.raises(ValueError, match="json_string holds no model that Keras can read"):
        mg.models.model_from_json("{}")


def test_code_in_a_text_is_not_run(tmp_path, keras):
    mark = tmp_path / "run"
    hostile = keras.layers.Lambda(lambda x, mark=str(mark): (open(mark, "w"), x)[1])
    text = keras.Sequential([keras.Input((3,)), hostile]).to_json()
    mark.unlink(missing_ok=True)
    with pytest.raises(ValueError, match="arbitrary code execution"):
        mg.models.model_from_json(text)
    assert not mark.exists()


def shared_and_nested(library):
    layers = library.layers
    inner = library.Sequential([library.Input((4,)), layers.Dense(4, "tanh")], name="inner")
    x = library.Input((6, 6, 1))
    y = layers.Dense(4)(layers.Flatten()(x))
    return library.Model(x, layers.Dense(3, "softmax")(inner(inner(y)) + y), name="shared")


@pytest.mark.parametrize("make", [*MODELS, shared_and_nested, with_own_in_branches])
def test_a_clone_has_the_same_layers_and_weights_of_its_own(make):
    if make is with_own_in_branches:  # a class that can be made of its own configuration
        own = own_layers(mg)
        own.get_config = lambda self: {}
        x = mg.Input((6, 6, 1))
        model = mg.Model(x, own()(mg.layers.Flatten()(x)))
    else:
        model = make(mg)
    clone = mg.models.clone_model(model)
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    if make is not with_own_in_branches:
        assert np.any(clone.get_weights()[0] != model.get_weights()[0])
    assert {*map(id, clone.weights)}.isdisjoint(map(id, model.weights))
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_class_of_its_own_has_no_clone():
    with pytest.raises(ValueError, match="a built Sequential or a Model of inputs and outputs"):
        mg.models.clone_model(a_class_of_its_own(mg))


def test_checkpoints_of_both_kinds(tmp_path, keras):
    model = trained(mg, in_a_row)
    saving = [
        mg.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
        mg.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True),
    ]
    model.fit(X, Y, epochs=2, verbose=0, callbacks=saving)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"1.weights.h5", "2.weights.h5", "best.keras"}
    again = in_a_row(keras)
    again.load_weights(tmp_path / "2.weights.h5")
    np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-5)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("make", MODELS)
def test_weights_are_read_from_a_whole_model_as_by_keras(make, ending, tmp_path, keras):
    for library in (mg, keras):
        saved, path = trained(library, make, 1), tmp_path / f"{library.__name__}{ending}"
        best = library.callbacks.ModelCheckpoint(path, save_best_only=True, monitor="loss")
        saved.fit(X, Y, verbose=0, callbacks=[best])
        model = make(mg)
        model.load_weights(path)
        np.testing.assert_allclose(
            model.predict(X, verbose=0), saved.predict(X, verbose=0), atol=1e-5
        )


def test_the_folder_of_a_file_is_made_where_keras_makes_it(tmp_path, keras):
    for model in (trained(mg, in_a_row, 1), trained(keras, in_a_row, 1)):
        model.save(tmp_path / model.__module__ / "model.h5")
        assert (tmp_path / model.__module__ / "model.h5").exists()
        with pytest.raises(FileNotFoundError):
            model.save(tmp_path / "none" / "model.keras")


def test_a_file_that_fails_leaves_the_old_one(tmp_path):
    mine = trained(mg, in_a_row)
    file = tmp_path / "model.keras"
    mine.save(file)
    before = file.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        mine.save(file, overwrite=False)

    class Own(mg.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    with pytest.raises(ValueError, match='Own "mine" is no layer of minigrad'):
        mg.Sequential([mg.Input((2,)), Own(name="mine")]).save(file)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_weights_of_another_model_change_nothing(tmp_path):
    trained(mg, branched).save_weights(tmp_path / "other.weights.h5")
    mine = trained(mg, in_a_row)
    before = mine.get_weights()
    with pytest.raises(ValueError):  # Keras's own words
        mine.load_weights(tmp_path / "other.weights.h5")
    with pytest.raises(FileNotFoundError):
        mine.load_weights(tmp_path / "none.weights.h5")
    for a, b in zip(before, mine.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["model.json", "model", "model.pkl", 5])
def test_other_endings_are_refused(name):
    for use in (in_a_row(mg).save, mg.models.load_model):
        with pytest.raises(ValueError, match=r"ends in \.keras"):
            use(name)


def test_arguments_that_could_run_what_a_file_says_are_refused(tmp_path):
    for wrong in ({"safe_mode": False}, {"custom_objects": {"Own": object}}):
        with pytest.raises(ValueError, match="is not covered"):
            mg.models.load_model(tmp_path / "model.keras", **wrong)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_code_in_a_file_is_not_run(tmp_path, keras, ending):
    file, mark = tmp_path / f"model.{ending}", tmp_path / "run"
    hostile = keras.layers.Lambda(lambda x, mark=str(mark): (open(mark, "w"), x)[1])
    keras.Sequential([keras.Input((3,)), hostile]).save(file)
    mark.unlink(missing_ok=True)  # building and saving it ran the code
    with pytest.raises(ValueError, match="arbitrary code execution"):
        mg.models.load_model(file)
    assert not mark.exists()


def test_an_older_keras_that_may_run_it_reads_no_models(tmp_path, keras, monkeypatch):
    file = tmp_path / "model.keras"
    in_a_row(mg).save(file)
    monkeypatch.setattr(keras, "__version__", "3.9.0")
    with pytest.raises(ImportError, match=r"3\.11\.3 or newer, this is 3\.9\.0"):
        mg.models.load_model(file)


def test_without_keras_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "keras", raising=False)
    true = builtins.__import__

    def pretend(name, *rest, **more):
        if name == "keras":
            raise ImportError("No module named 'keras'")
        return true(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", pretend)
    mine = in_a_row(mg)
    for use in (
        lambda: mine.save(tmp_path / "model.keras"),
        lambda: mine.save_weights(tmp_path / "x.weights.h5"),
        lambda: mg.models.load_model(tmp_path / "model.keras"),
    ):
        with pytest.raises(ImportError, match=r"pip install.*\.weights\.npz"):
            use()
    mine.save_weights(tmp_path / "x.weights.npz")


# -- data in a file of Keras's ------------------------------------------------------------------
def test_pictures_come_from_a_file_of_keras_s(tmp_path):
    arrays = {
        "x_train": np.arange(32, dtype=np.uint8).reshape(2, 4, 4),
        "y_train": np.array([3, 1], np.uint8),
        "x_test": np.zeros((1, 4, 4), np.uint8),
        "y_test": np.array([9]),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    (x, y), (x_test, y_test) = mg.datasets.mnist.load_data(path=tmp_path / "mnist.npz")
    for name, read in zip(arrays, (x, y, x_test, y_test), strict=True):
        np.testing.assert_array_equal(read, arrays[name])
    for wrong in ({"y_train": np.zeros(5)}, {"x_test": np.zeros((1, 4, 4))}):
        np.savez(tmp_path / "wrong.npz", **arrays | wrong)
        with pytest.raises(mg.datasets.DataError, match="wants pictures of uint8"):
            mg.datasets.mnist.load_data(tmp_path / "wrong.npz")
    np.savez(tmp_path / "less.npz", x_train=arrays["x_train"])
    with pytest.raises(mg.datasets.DataError, match="wants the arrays x_train, y_train"):
        mg.datasets.mnist.load_data(tmp_path / "less.npz")
    with pytest.raises(FileNotFoundError):
        mg.datasets.mnist.load_data(tmp_path / "none.npz")


def test_a_mere_name_is_that_of_keras_s_cache(monkeypatch):
    loaded = mg.datasets.fashion_mnist.load_data("fashion.npz")
    np.testing.assert_array_equal(loaded[1][1], mg.datasets.fashion_mnist.load_data()[1][1])


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b"text"])
def test_a_damaged_file_is_named_and_changes_nothing(tmp_path, keras, ending, damage):
    path = tmp_path / f"file{ending}"
    model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(2)])
    model.compile("sgd", "mse")
    (model.save_weights if "weights" in ending else model.save)(path)
    path.write_bytes(damage(path.read_bytes()))
    before = model.get_weights()
    read = model.load_weights if "weights" in ending else mg.models.load_model
    with pytest.raises(ValueError, match=r"file\S* holds no .* that Keras can read"):
        read(path)
    assert all(map(np.array_equal, before, model.get_weights()))
