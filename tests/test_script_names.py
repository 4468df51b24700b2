"""Names, arguments and attributes as scripts for Keras and TensorFlow write them."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import minigrad as mg

X = np.linspace(-1, 1, 24).reshape(6, 4)


def model_of(library):
    layers = library.layers
    return library.Sequential(
        [
            library.Input((4,)),
            layers.Dense(3, "relu", name="first"),
            layers.Dense(2, "softmax", name="last"),
        ],
        name="net",
    )


# -- one package under several names --------------------------------------------------------
def run(script: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(script, names)
    return names


def test_a_script_for_tensorflow_finds_keras():
    names = run("""
import minigrad as tf
from minigrad import keras
from minigrad.keras import layers, models
from minigrad.keras.layers import Dense
from minigrad.keras.datasets.mnist import load_data
from minigrad.keras.optimizers import schedules
import minigrad.keras.backend as K
""")
    assert names["tf"].keras is names["keras"]
    assert names["layers"] is mg.layers and names["Dense"] is mg.layers.Dense
    assert names["models"].Sequential is mg.Sequential
    assert names["load_data"] == mg.datasets.mnist.load_data
    assert names["schedules"] is mg.optimizers.schedules
    assert names["K"] is mg.backend
    assert isinstance(names["Dense"](3), mg.layers.Layer)


def test_nothing_is_imported_a_second_time():
    mg.keras.layers.Dense(3)
    run("from minigrad.keras.layers.dense import Dense")
    copies = [n for n, m in sys.modules.items() if n.startswith("minigrad.keras.layers")]
    assert all(sys.modules[n] is sys.modules[n.replace(".keras", "", 1)] for n in copies)


def test_star_imports_bring_what_is_public():
    everything = run("from minigrad.keras import *")
    assert set(mg.__all__) <= set(everything)
    assert run("from minigrad.models import *")["load_model"] is mg.models.load_model


def test_tensorflow_s_functions_by_name():
    for name in ("relu", "softmax", "sigmoid", "tanh", "elu", "selu", "leaky_relu"):
        assert getattr(mg.nn, name) is getattr(mg.activations, name)
    mg.random.set_seed(3)
    first = mg.initializers.GlorotUniform()((2, 2))
    mg.keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(first, mg.initializers.GlorotUniform()((2, 2)))


OPERATIONS = {
    "largest": lambda ops, x: ops.max(x, 1, True),
    "mean": lambda ops, x: ops.mean(x, -1, True),
    "spread": lambda ops, x: ops.std(x, 0, True),
    "place": lambda ops, x: ops.argmax(x, 0, True),
    "all": lambda ops, x: ops.all(x > 0, 1, True),
    "gelu": lambda ops, x: ops.gelu(x),
    "gelu, exact": lambda ops, x: ops.gelu(x, False),
    "each number": lambda ops, x: ops.binary_crossentropy(x * 0 + 1, ops.sigmoid(x)),
    "each logit": lambda ops, x: ops.binary_crossentropy(x * 0, x, True),
    "filled": lambda ops, x: ops.full((2, 3), 7),
    "diagonal": lambda ops, x: ops.eye(2, 3),
    "above": lambda ops, x: ops.eye(3, None, 1),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operations_are_keras_s_with_arguments_by_position(keras, operation):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    ours, theirs = operation(mg.keras.ops, x), np.asarray(operation(keras.ops, x))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert ours.shape == theirs.shape and ours.dtype.kind == theirs.dtype.kind


def test_an_axis_that_is_longer_than_one_cannot_be_squeezed():
    with pytest.raises(ValueError, match=r"squeeze: axis=1 of shape \(3, 4\) is not of length 1"):
        mg.keras.ops.squeeze(np.ones((3, 4)), 1)


def test_what_scripts_ask_the_backend(keras):
    for name in ("image_data_format", "epsilon", "floatx"):
        assert getattr(mg.backend, name)() == getattr(keras.backend, name)()
    mg.layers.Dense(1)
    mg.backend.clear_session()
    assert mg.layers.Dense(1).name == "dense"
    mg.backend.set_image_data_format("channels_last")
    with pytest.raises(ValueError, match="'channels_first' is not covered"):
        mg.backend.set_image_data_format("channels_first")


def test_variables_and_tensors_are_made_as_for_tensorflow():
    tf = mg
    weight = tf.Variable(initial_value=np.ones((2, 1)), dtype=tf.float32, trainable=False)
    assert weight.numpy().dtype == np.float32 and not weight.trainable
    assert all(isinstance(x, tf.Tensor) for x in (weight * 2, tf.constant([1.0])))
    assert tf.config.experimental.enable_op_determinism() is None
    assert tf.keras.config.disable_traceback_filtering() is None
    assert tf.dtypes.cast([2.7], tf.int32).numpy().tolist() == [2]
    with pytest.raises(TypeError, match="Variable wants real numbers, got dtype object from None"):
        tf.Variable()


def test_the_package_asks_for_nothing_more_than_before():
    """``keras`` and its like are imported when a script asks for them."""
    code = "import sys, minigrad; print([n for n in sys.modules if n.startswith('minigrad.keras')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


# -- a model and its layers on arrays --------------------------------------------------------
def test_a_model_called_on_arrays_computes_what_keras_computes(keras):
    mine, theirs = model_of(mg), model_of(keras)
    mine.set_weights(theirs.get_weights())
    result, wanted = mine(X), theirs(X)
    np.testing.assert_allclose(result.numpy(), wanted.numpy(), rtol=1e-5)
    np.testing.assert_array_equal(np.argmax(result, 1), np.argmax(wanted, 1))
    assert result.shape == wanted.shape and result.dtype == wanted.numpy().dtype
    assert float(result[0, 0]) == pytest.approx(float(wanted[0, 0]), rel=1e-5)
    assert type(result.numpy()) is np.ndarray


def test_on_a_node_it_builds_the_graph():
    model, x = model_of(mg), mg.Variable(X)
    node = model(x)
    assert isinstance(node, mg.Node)
    np.testing.assert_allclose(mg.forward(mg.topological_sort(node)), model(X), rtol=1e-5)
    with pytest.raises(TypeError, match=r"build nodes of mg\.Constant"):
        mg.topological_sort(model(X))


def test_layers_activations_and_losses_on_arrays_have_numpy_too(keras):
    flat = mg.layers.Flatten()(np.ones((2, 3, 4)))
    assert flat.numpy().shape == (2, 12)
    np.testing.assert_allclose(
        mg.nn.softmax(X).numpy(), keras.activations.softmax(X).numpy(), rtol=1e-6
    )
    loss = mg.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([0, 1]), X[:2])
    wanted = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([0, 1]), X[:2])
    assert loss.numpy() == pytest.approx(wanted.numpy(), rel=1e-5)
    assert f"{loss:.3f}" == f"{float(wanted):.3f}"


def test_several_arrays_in_and_out():
    a, b = mg.Input((2,)), mg.Input((2,))
    model = mg.Model([a, b], [mg.layers.Add()([a, b]), mg.layers.ReLU()(a)])
    total, positive = model([X[:, :2], X[:, 2:]])
    np.testing.assert_allclose(total, X[:, :2] + X[:, 2:], rtol=1e-6)
    np.testing.assert_allclose(positive, np.maximum(X[:, :2], 0), rtol=1e-6)


def test_training_on_arrays_moves_what_training_moves(keras):
    mine, theirs = mg.layers.BatchNormalization(), keras.layers.BatchNormalization()
    np.testing.assert_allclose(mine(X, training=True), theirs(X, training=True).numpy(), rtol=1e-4)
    np.testing.assert_allclose(mine.moving_mean.numpy(), theirs.moving_mean.numpy(), rtol=1e-5)


# -- arguments and attributes ------------------------------------------------------------------
@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.InputLayer(shape=(3,)).output,
        lambda k: k.Input(batch_shape=(None, 3)),
        lambda k: k.layers.InputLayer(batch_shape=(None, 3)).output,
    ],
)
def test_inputs_are_said_in_several_ways(make, keras):
    assert make(mg).shape == make(keras).shape == (None, 3)


def test_the_number_of_samples_is_left_open():
    assert mg.Input((3,), batch_size=4).shape == mg.Input(batch_shape=(4, 3)).shape == (None, 3)
    assert mg.layers.InputLayer(input_shape=(3,)).batch_shape == (None, 3)
    for wrong in ({"shape": (3,), "batch_shape": (None, 3)}, {"batch_shape": 3}, {}):
        with pytest.raises(ValueError, match="Input: "):
            mg.Input(**wrong)
    with pytest.raises(ValueError, match="batch_size is a whole number"):
        mg.Input((3,), batch_size=0)


def test_names_of_initializers_are_keras_s(keras):
    for name in ("normal", "uniform", "zero", "one", "zeros", "ones"):
        mine, theirs = mg.initializers.get(name), keras.initializers.get(name)
        assert type(mine).__name__ == type(theirs).__name__


def test_a_weight_can_be_assigned_and_frozen():
    layer = mg.layers.Dense(2)
    layer.build((None, 4))
    assert layer.kernel.trainable and layer.kernel.assign(np.ones((4, 2))) is layer.kernel
    np.testing.assert_array_equal(layer.kernel.numpy(), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"holds shape \(4, 2\)"):
        layer.kernel.assign(np.ones(3))
    layer.kernel.trainable = False
    assert layer.trainable_weights == [layer.bias]
    assert layer.weights == [layer.bias, layer.kernel]


def test_a_frozen_weight_stays_as_it_is_in_training():
    model = model_of(mg)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.layers[0].kernel.trainable = False
    before = [weight.numpy() for layer in model.layers for weight in (layer.kernel, layer.bias)]
    model.fit(X, np.arange(6) % 2, verbose=0)
    after = [weight.numpy() for layer in model.layers for weight in (layer.kernel, layer.bias)]
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True, False, False, False]


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.Dropout(0.25, seed=3, name="a"),
        lambda k: k.layers.Rescaling(0.5, 1.0, name="a"),
        lambda k: k.layers.Reshape((2, 2), name="a"),
        lambda k: k.layers.MaxPooling2D(2, name="a"),
    ],
)
def test_a_layer_tells_what_it_was_made_with(make, keras):
    mine, theirs = make(mg), make(keras).get_config()
    told = mine.get_config()
    for name in ("name", "trainable", *set(told) & set(theirs) - {"dtype", "data_format"}):
        assert told[name] == theirs[name], name
    assert type(mine).from_config(told).get_config() == told


def test_another_dense_layer_is_made_from_what_one_tells():
    dense = mg.layers.Dense(3, "relu", kernel_initializer="he_normal", name="d")
    other = mg.layers.Dense.from_config(dense.get_config())
    assert other.units == 3 and other.activation is mg.activations.relu and other.name == "d"
    for layer in (dense, other):
        layer.build((None, 4))
    np.testing.assert_array_equal(dense.kernel.value, other.kernel.value)
    with pytest.raises(AttributeError, match="get_config is not covered"):
        model_of(mg).get_config()


def lines(model, **options) -> list[list[str]]:
    """The rows of a summary, cell by cell."""
    printed: list[str] = []
    model.summary(print_fn=lambda text, **_: printed.append(text), **options)
    rows = [line for line in "\n".join(printed).splitlines() if line[:1] in "│┃"]
    return [[cell.strip() for cell in row.replace("┃", "│").split("│")[1:-1]] for row in rows]


@pytest.mark.parametrize("options", [{"expand_nested": True}, {"show_trainable": True}], ids=str)
def test_summary_shows_what_keras_s_shows(options, keras):
    def nested(library):
        inner = model_of(library)
        inner.layers[0].trainable = False
        parts = [library.Input((4,)), library.layers.Flatten(name="flat"), inner]
        return library.Sequential(parts, name="outer")

    mine = lines(nested(mg), line_length=76, **options)
    theirs = lines(nested(keras), line_length=76, **options)
    assert [row[:3] for row in mine] == [row[:3] for row in theirs]
    if "show_trainable" in options:  # Keras shortens the heading, and asks the layer alone
        assert [row[3] for row in mine[1:]] == [row[3] for row in theirs[1:]]


def test_a_model_is_drawn(tmp_path):
    with pytest.warns(UserWarning, match=r"draws SVG: the picture is in .*net\.svg"):
        picture = mg.utils.plot_model(model_of(mg), to_file=tmp_path / "net.png", show_shapes=True)
    assert "softmax" in repr(picture)
    assert (tmp_path / "net.svg").read_text(encoding="utf-8").lstrip().startswith("<svg")


@pytest.mark.parametrize("axis, order", [(-1, 2), (1, 2), (-1, 1)])
def test_normalize_is_keras_s(axis, order, keras):
    x = np.vstack([X, np.zeros((1, 4))])
    theirs = keras.utils.normalize(x, axis, order)
    np.testing.assert_allclose(mg.utils.normalize(x, axis, order), theirs, rtol=1e-6)


# -- what there is not -----------------------------------------------------------------------
IMPORTS = {
    "from minigrad import applications": "no 'applications'. Keras has it. What goes beyond",
    "from minigrad.layers import RandomFlip": "no 'RandomFlip'. Instead, fit takes pictures",
    "from minigrad.layers.core import Dense": "layers has no 'core'. Instead, every layer is in",
    "from minigrad.callbacks import TensorBoard": "'TensorBoard'. Instead, CSVLogger writes",
    "from minigrad.utils import np_utils": "'np_utils'. Instead, to_categorical is in",
    "import minigrad.nonsense": "minigrad has no 'nonsense'",
    "from minigrad.compat.v1.saved_model import simple_save": "v1 has no 'saved_model'. Tensor",
    "from minigrad.compat.v1 import placeholder": "minigrad.compat.v1 has no 'placeholder'",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_an_import_of_what_is_missing_says_what_to_do(line):
    with pytest.raises(ImportError) as caught:
        exec(line)
    assert IMPORTS[line] in str(caught.value)


def test_tensorflow_s_own_are_refused_in_the_words_of_the_script():
    with pytest.raises(AttributeError) as caught:
        exec("import minigrad as tf\ntf.core", {})
    assert "every layer is in tf.layers" in str(caught.value) and "tf.interop.to_keras" in str(
        caught.value
    )


def test_tensorflow_s_own_names_are_not_taken_for_slips_of_the_pen():
    import minigrad as tf

    for name in ("saved_model", "custom_gradient", "Module", "print", "stop_gradient", "summary"):
        with pytest.raises(AttributeError, match=rf"no '{name}'. \w+ has it. What goes"):
            getattr(tf, name)
    for call in (lambda: tf.math.rsqrt, lambda: tf.random.Generator, lambda: tf.compat.v1.layers):
        with pytest.raises(AttributeError, match=r"minigrad\.\S+ has no '\w+'\. \w+ has it\."):
            call()
    assert tf.cast([0, 2], tf.bool).numpy().tolist() == [False, True]


@pytest.mark.parametrize(
    "module, name",
    [
        ("layers", "GlobalMaxPooling1D"),
        ("layers", "AlphaDropout"),
        ("layers", "Normalization"),
        ("losses", "binary_focal_crossentropy"),
        ("metrics", "MeanAbsolutePercentageError"),
        ("initializers", "Orthogonal"),
    ],
)
def test_keras_s_own_name_is_not_taken_for_a_slip_of_the_pen(module, name, keras):
    assert hasattr(getattr(keras, module), name)
    with pytest.raises(AttributeError, match=r"Keras has it\. Covered are"):
        getattr(importlib.import_module(f"minigrad.{module}"), name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mg.initializers.get("orthogonal"),
        lambda: mg.optimizers.get("ftrl"),
        lambda: mg.losses.get("binary_focal_crossentropy"),
    ],
)
def test_neither_is_it_as_a_string(call):
    with pytest.raises(ValueError, match="Keras has it"):
        call()


def test_a_layer_of_keras_s_own_is_called_one(keras):
    with pytest.raises(TypeError, match=r"wants minigrad's layers.*of keras's"):
        mg.Sequential([keras.layers.Dense(3)])
