"""Steps of training that a script writes itself: tapes, functions by their names, own metrics."""

import numpy as np
import pytest

import minigrad as mg
import minigrad as tf

RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(12, 5)).astype(np.float32), RNG.integers(0, 3, 12)


def model_of(library):
    layers = library.layers
    return library.Sequential(
        [library.Input((5,)), layers.Dense(4, "relu"), layers.Dense(3, "softmax")]
    )


def steps(library, tape_of, model, count=3):
    """A loop as guides have it: the losses, and the weights at the end."""
    optimizer = library.optimizers.Adam(0.01)
    loss_fn = library.losses.SparseCategoricalCrossentropy()
    accuracy, mean = library.metrics.SparseCategoricalAccuracy(), library.metrics.Mean()
    told = []
    for _ in range(count):
        with tape_of() as tape:
            predictions = model(X, training=True)
            loss = loss_fn(Y, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        accuracy.update_state(Y, predictions)
        mean(loss)
        told += [float(loss), float(accuracy.result()), float(mean.result().numpy())]
    return told, model.get_weights()


def test_a_loop_of_one_s_own_trains_as_with_tensorflow(keras):
    import tensorflow

    mine, theirs = model_of(mg), model_of(keras)
    mine.set_weights(theirs.get_weights())
    told, weights = steps(mg, mg.GradientTape, mine)
    wanted, theirs = steps(keras, tensorflow.GradientTape, theirs)
    np.testing.assert_allclose(told, wanted, rtol=1e-5)
    for a, b in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_derivative_is_that_of_the_books():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x + 2 * x
    assert tape.gradient(y, x) == 8 and float(y) == 15 and f"{y:.1f}" == "15.0"
    z = tf.Variable(1.0)
    assert tape.gradient(y, [x, z]) == [8, None]


def test_layers_give_arrays_again_after_the_tape():
    model = model_of(mg)
    with mg.GradientTape():
        assert isinstance(model(X), mg.Node)
    assert isinstance(model(X), np.ndarray)
    with pytest.raises(ZeroDivisionError), mg.GradientTape():
        1 / 0  # noqa: B018
    assert isinstance(model(X), np.ndarray)


def test_what_was_computed_outside_has_no_derivative():
    model = model_of(mg)
    loss = mg.losses.SparseCategoricalCrossentropy()(Y, model(X))
    with pytest.raises(TypeError, match=r"is no node of a graph.*inside of"):
        mg.GradientTape().gradient(loss, model.trainable_variables)
    with pytest.raises(TypeError, match="with respect to a Variable"):
        mg.GradientTape().watch(X)


def test_a_function_stays_what_it_is():
    assert tf.function(abs) is abs and tf.function(reduce_retracing=True)(abs) is abs


def test_a_variable_is_changed_by_what_is_computed_of_it():
    w = tf.Variable([1.0, 2.0])
    assert w.assign(w - 0.5 * w) is w
    w.assign_add([1.0, 1.0]).assign_sub(tf.ones(2))
    np.testing.assert_array_equal(w.numpy(), [0.5, 1.0])
    assert (2 * w).numpy().tolist() == [1.0, 2.0]


CALLS = {
    "square": lambda k: k.ops.square([1.0, -2.0]),
    "clip": lambda k: k.ops.clip(X, -1.0, 0.5),
    "expand_dims": lambda k: k.ops.expand_dims(np.ones((2, 3)), -1),
    "one_hot": lambda k: k.ops.one_hot([2, 0], 3),
    "cast": lambda k: k.ops.cast([1.7], "int32"),
    "mean": lambda k: k.ops.mean(X, axis=1, keepdims=True),
    "relu": lambda k: k.ops.relu(X),
    "matmul": lambda k: k.ops.matmul(X, X.T),
    "argmax": lambda k: k.ops.argmax(X, axis=-1),
    "ones": lambda k: k.ops.ones((2, 3)),
    "zeros": lambda k: k.ops.zeros(shape=(2,)),
    "eye": lambda k: k.ops.eye(3),
    "constant": lambda k: k.ops.convert_to_tensor([1.5]),
    "squeeze": lambda k: k.ops.squeeze(X[:, None], axis=1),
    "stack": lambda k: k.ops.stack([X, X], axis=-1),
    "std": lambda k: k.ops.std(X, axis=0),
    "split": lambda k: k.ops.split(X, 3)[1],
    "split at places": lambda k: k.ops.split(X, indices_or_sections=[1, 3], axis=1)[1],
    "array": lambda k: k.ops.array([[1.5, 2.0]]),
    "crossentropy": lambda k: k.ops.sparse_categorical_crossentropy(Y, k.ops.softmax(X[:, :3])),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_functions_by_keras_s_names_give_what_keras_s_give(call, keras):
    mine, theirs = call(mg).numpy(), call(keras).numpy()
    assert mine.shape == theirs.shape and mine.dtype.kind == theirs.dtype.kind
    np.testing.assert_allclose(mine, theirs, rtol=1e-5)


# As scripts of TensorFlow write them, in its words for the arguments.
TENSORFLOW = {
    "mean": lambda tf: tf.reduce_mean(input_tensor=X, axis=1),
    "argmax": lambda tf: tf.argmax(input=X, axis=-1),
    "transpose": lambda tf: tf.transpose(X, perm=[1, 0]),
    "pad": lambda tf: tf.pad(tensor=X, paddings=[[1, 0], [0, 2]]),
    "concat": lambda tf: tf.concat(values=[X, X], axis=0),
    "stack": lambda tf: tf.stack(values=[X, X]),
    "squeeze": lambda tf: tf.squeeze(X[None, :, :1]),
    "tile": lambda tf: tf.tile(X, multiples=[1, 2]),
    "clip": lambda tf: tf.clip_by_value(X, clip_value_min=-0.5, clip_value_max=0.25),
    "one hot": lambda tf: tf.one_hot(indices=Y, depth=4),
    "cast": lambda tf: tf.cast(x=X, dtype=tf.float64),
    "std": lambda tf: tf.math.reduce_std(X, axis=0),
    "variance": lambda tf: tf.math.reduce_variance(X),
    "any": lambda tf: tf.reduce_any(X > 1),
    "s-shaped": lambda tf: tf.sigmoid(X),
    "split": lambda tf: tf.split(X[:, :4], num_or_size_splits=2, axis=1)[1],
    "split by lengths": lambda tf: tf.split(X, num_or_size_splits=[1, 4], axis=-1)[1],
    "sum of all": lambda tf: tf.add_n([X, X, X]),
    "reshape": lambda tf: tf.reshape(tensor=X, shape=[-1]),
    "constant": lambda tf: tf.constant([1.0, 2.0]) * 2,
    "zeros": lambda tf: tf.zeros_like(X) + tf.ones(X.shape),
    "length 1": lambda tf: tf.nn.l2_normalize(X, axis=1),
    "sigmoid": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=abs(np.sign(X)), logits=X),
    "softmax": lambda tf: tf.nn.softmax_cross_entropy_with_logits(np.eye(5)[Y], X),
    "sparse": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=Y, logits=X),
}


@pytest.mark.parametrize("call", TENSORFLOW.values(), ids=TENSORFLOW)
def test_functions_by_tensorflow_s_names_give_what_tensorflow_s_give(call, keras):
    import tensorflow

    mine, theirs = np.asarray(call(tf)), np.asarray(call(tensorflow))
    assert mine.shape == theirs.shape and mine.dtype.kind == theirs.dtype.kind
    np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_a_node_is_split_with_its_derivative_and_a_list_has_to_say_what_it_is():
    x = tf.Variable(X)
    with tf.GradientTape() as tape:
        first, rest = tf.split(x, num_or_size_splits=[2, 3], axis=1)
        loss = tf.reduce_sum(first) + 3 * tf.reduce_sum(rest)
    np.testing.assert_array_equal(tape.gradient(loss, x)[0], [1, 1, 3, 3, 3])
    with pytest.raises(ValueError, match=r"\[1, 2\] are lengths in TensorFlow and places in Keras"):
        tf.split(X, [1, 2])
    with pytest.raises(ValueError, match="5 along axis 1 do not make 2 equal parts"):
        tf.split(X, 2, axis=1)


def test_the_largest_is_looked_for_along_an_axis_that_is_said():
    for find in (tf.argmax, tf.argmin, mg.ops.argmax):
        with pytest.raises(ValueError, match=r"axis= is wanted of 2 axes; without it Keras means"):
            find(X)
    assert tf.argmax([1.0, 3.0, 2.0]).numpy() == 1


def test_what_has_no_derivative_is_computed_where_it_can_be(keras):
    import tensorflow

    model, batch = model_of(mg), tensorflow.constant(X)
    with tf.GradientTape():
        predictions = model(batch, training=True)
    right = tf.equal(tf.argmax(predictions, axis=1), tensorflow.constant(Y))
    wanted = np.mean(model.predict(X, verbose=0).argmax(1) == Y)
    assert float(tf.reduce_mean(tf.cast(right, tf.float64))) == wanted
    with pytest.raises(TypeError, match=r"argmax has no derivative; of Exp, x.numpy\(\) computes"):
        tf.argmax(np.exp(mg.Variable(X)), 1)


def test_numbers_of_tensorflow_s_meet_variables(keras):
    import tensorflow

    w = tf.Variable(np.ones((5, 2)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.matmul(tensorflow.constant(X), w))
    np.testing.assert_allclose(tape.gradient(loss, w).numpy(), np.outer(X.sum(0), [1, 1]), 1e-5)


def test_labels_are_cast_and_counted_in_losses_of_one_s_own(keras):
    import tensorflow

    def made(tf):
        def loss(y_true, y_pred):
            chosen = tf.one_hot(tf.cast(y_true[:, 0], tf.int32), depth=3)
            return -tf.reduce_sum(chosen * tf.math.log(y_pred), axis=1)

        return loss

    def weighed(tf):
        def loss(y_true, y_pred):
            large = tf.cast(y_true > 1.0, tf.float32)
            return tf.reduce_mean((1.0 + large) * tf.square(tf.cast(y_true, tf.float32) - y_pred))

        return loss

    given = weighed(tf)(mg.Constant(X), mg.Constant(X[::-1]))
    wanted = weighed(tensorflow)(tensorflow.constant(X), tensorflow.constant(X[::-1]))
    np.testing.assert_allclose(given.numpy(), wanted, rtol=1e-5)
    given = made(tf)(mg.Constant(Y[:, None]), mg.Constant(abs(X[:, :3])))
    wanted = made(tensorflow)(tensorflow.constant(Y[:, None]), tensorflow.constant(abs(X[:, :3])))
    np.testing.assert_allclose(given.numpy(), wanted, rtol=1e-5)


@pytest.mark.parametrize("name", ["square", "clip", "expand_dims", "squeeze", "stack"])
def test_they_build_nodes_of_nodes(name):
    if name in ("squeeze", "stack"):
        x, first = mg.Variable(X), [X[:, :1], X[:, :1]]
        mine = getattr(mg.ops, name)([x[:, :1]] * 2 if name == "stack" else x[:, :1])
        np.testing.assert_array_equal(
            mine.numpy(), getattr(np, name)(first[:2] if name == "stack" else first[0])
        )
        return
    x = mg.Variable(X)
    arguments = {"square": (), "clip": (-0.5, 0.5), "expand_dims": (1,)}[name]
    node = getattr(mg.ops, name)(x, *arguments)
    assert isinstance(node, mg.Node)
    np.testing.assert_allclose(node.numpy(), getattr(mg.ops, name)(X, *arguments))


def test_tensorflow_s_names_are_at_the_top():
    assert tf.reduce_mean(tf.constant([1.0, 3.0])).numpy() == 2
    assert tf.pow(2.0, 3.0).numpy() == 8 and tf.concat([[1.0], [2.0]], axis=0).numpy().sum() == 3
    np.testing.assert_array_equal(tf.where(tf.equal(X, X), 1.0, 0.0), tf.ones_like(X))
    np.testing.assert_array_equal(tf.one_hot([1, 0], depth=3), tf.one_hot([1, 0], 3))
    assert tf.newaxis is None and tf.float32 is np.float32 and tf.version.VERSION == tf.__version__
    assert tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]).numpy().tolist() == [[1, 0], [1, 1]]
    assert tf.config.list_physical_devices("GPU") == []
    with pytest.raises(AttributeError, match=r"minigrad\.ops has no 'fft'"):
        tf.math.fft  # noqa: B018


def test_tensorflow_s_own_tensors_are_left_to_tensorflow(keras):
    import tensorflow

    pictures = tf.data.Dataset.from_tensor_slices((X, Y))
    changed = pictures.map(lambda x, y: (tf.cast(x, tf.float64) * 2, tf.one_hot(y, 3)))
    x, y = next(iter(changed.batch(12)))
    assert isinstance(x, tensorflow.Tensor)
    np.testing.assert_allclose(x, 2.0 * X)
    np.testing.assert_array_equal(y, np.eye(3)[Y])


def test_data_sets_that_keras_loads_are_keras_s(keras):
    from minigrad.datasets import cifar10

    assert cifar10 is keras.datasets.cifar10 is mg.datasets.cifar10
    assert mg.utils.get_file is keras.utils.get_file


def test_random_numbers_are_seeded_by_set_seed():
    first = []
    for _ in range(2):
        tf.random.set_seed(4)
        first.append(tf.random.normal((3, 2), stddev=2.0).numpy())
    np.testing.assert_array_equal(*first)
    low = tf.random.uniform((1000,), -2, 3)
    assert low.dtype == np.float32 and low.min() >= -2 and low.max() < 3 and low.std() > 1
    generator = mg.random.SeedGenerator(3)
    assert np.any(mg.random.normal((3,), seed=generator) != mg.random.normal((3,), seed=generator))


class Near(mg.metrics.Metric):
    """Counts as Keras's guides have it: variables, an update, a result."""

    def __init__(self, name="near", **options):
        super().__init__(name=name, **options)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(tf.reduce_sum(tf.cast(abs(y_true - y_pred) < 0.5, "float32")))

    def result(self):
        return self.total


def test_a_metric_may_count_in_variables_of_its_own():
    model = mg.Sequential([mg.Input((5,)), mg.layers.Dense(5, kernel_initializer="zeros")])
    model.compile(mg.optimizers.SGD(0.0), "mse", metrics=[Near()])
    told = model.fit(X, X, epochs=2, batch_size=5, verbose=0).history["near"]
    assert told == [np.count_nonzero(abs(X) < 0.5)] * 2


class Share(Near):
    """The result is a formula of them."""

    def __init__(self):
        super().__init__("share")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, y_pred)
        self.count.assign_add(tf.size(y_true))

    def result(self):
        return self.total / self.count


def test_what_a_metric_tells_may_be_a_formula():
    metric, share = Share(), np.mean(abs(X) < 0.5)
    assert metric(X, 0 * X) == metric.result().numpy() == pytest.approx(share)
    model = mg.Sequential([mg.Input((5,)), mg.layers.Dense(5, kernel_initializer="zeros")])
    model.compile(mg.optimizers.SGD(0.0), "mse", metrics=[metric])
    assert model.fit(X, X, epochs=2, verbose=0).history["share"] == [pytest.approx(share)] * 2


def test_a_loss_by_its_name_gives_the_mean(keras):
    theirs = np.asarray(keras.losses.get("mse")(X, 0 * X))
    assert float(mg.losses.get("mse")(X, 0 * X)) == pytest.approx(theirs.mean())


def test_a_metric_made_again_has_the_same_name():
    assert [mg.metrics.Precision().name for _ in range(2)] == ["precision"] * 2


def test_what_a_layer_builds_is_built_once(keras):
    def made(library):
        class Holds(library.layers.Layer):
            def __init__(self):
                super().__init__()
                self.norm = library.layers.BatchNormalization()

            def build(self, input_shape):
                self.norm.build(input_shape)

            def call(self, inputs):
                return self.norm(inputs)

        return library.Sequential([library.Input((5,)), Holds()])

    assert len(made(mg).weights) == len(made(keras).weights) == 4


@pytest.mark.parametrize("name", ["train_step", "test_step", "predict_step", "compute_loss"])
def test_a_step_that_fit_would_not_call_is_refused(name):
    with pytest.raises(TypeError, match=rf"Own\.{name} is not covered.*GradientTape"):
        type("Own", (mg.Model,), {name: lambda self, data: {}})


def test_a_function_is_a_layer(keras):
    def made(library):
        formula = library.layers.Lambda(lambda x: 2 * x - 1, output_shape=(5,))
        parts = [library.Input((5,)), formula]
        return library.Sequential(parts)

    ours, theirs = (made(library).predict(X, verbose=0) for library in (mg, keras))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    with pytest.raises(TypeError, match="Lambda: wants a function"):
        mg.layers.Lambda(3)
    with pytest.raises(ValueError, match="is no layer of minigrad's"):
        mg.interop.to_keras(made(mg))


def test_branches_meet_in_functions_too(keras):
    a, b = X[:, :2], X[:, 2:4]
    for name in ("add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract"):
        mine, theirs = (getattr(library.layers, name)([a, b]) for library in (mg, keras))
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    "draw", [lambda shape: tf.random.normal(shape), lambda shape: tf.random.uniform(shape)]
)
def test_what_is_drawn_anew_in_each_step_is_not_drawn_once(draw):
    class Noise(tf.keras.layers.Layer):
        def call(self, inputs):
            return inputs + draw(tf.shape(inputs))

    model, x = tf.keras.Sequential([tf.keras.Input((3,)), Noise()]), np.zeros((2, 3))
    assert not np.array_equal(model(x), model(x))
    model.compile("sgd", "mse")
    for use in (lambda: model.predict(x, verbose=0), lambda: model.fit(x, x, verbose=0)):
        with pytest.raises(TypeError, match=r"random\.\w+ would be drawn once here, where a graph"):
            use()
    assert not np.array_equal(model(x), model(x))
