"""Ten scripts as people write them for MNIST, run with Keras and, one word changed, with minigrad.

They differ in style, not in subject: what they import, how they build and compile, what they
read afterward. Each leaves ``result`` behind, which is compared, and so are the steps that were
taken and which weights they moved. Data are a few pictures.
"""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import minigrad

SCRIPTS = {
    "convolutions with dropout": """
import numpy as np
import keras
from keras import layers

num_classes = 10
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

model = keras.Sequential([
    keras.Input(shape=x_train.shape[1:]),
    layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Flatten(),
    layers.Dropout(0.5),
    layers.Dense(num_classes, activation="softmax"),
])
model.summary()
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=1, validation_split=0.1)
score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0], "Test accuracy:", score[1])
result = len(score), model.count_params(), list(model.history.history)
""",
    "logits and whole-number labels": """
import keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0
model = keras.models.Sequential([
    keras.layers.Flatten(input_shape=(28, 28)),
    keras.layers.Dense(32, activation="relu"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(10),
])
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
start = float(loss_fn(y_train[:5], model.predict(x_train[:5], verbose=0)))
model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=2, verbose=2)
model.evaluate(x_test, y_test, verbose=2)
result = 0 < start < 10, model.output_shape
""",
    "layers added one by one": """
from keras.models import Sequential
from keras.layers import Dense, Flatten
from keras.optimizers import SGD
from keras.utils import to_categorical
from keras.datasets import mnist

(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_train = X_train.reshape(X_train.shape[0], 784).astype("float32") / 255
X_test = X_test.reshape(X_test.shape[0], 784).astype("float32") / 255
model = Sequential()
model.add(Dense(16, activation="relu", input_shape=(784,)))
model.add(Dense(16, activation="relu"))
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=SGD(learning_rate=0.1, momentum=0.9),
              metrics=["accuracy"])
history = model.fit(X_train, to_categorical(y_train), batch_size=50, epochs=3, verbose=2,
                    validation_data=(X_test, to_categorical(y_test)))
acc, val_acc = history.history["accuracy"], history.history["val_accuracy"]
result = len(acc), len(val_acc), history.epoch, sorted(history.params)
""",
    "stopping early, keeping the best": """
import keras

(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x = x.reshape((-1, 28, 28, 1)) / 255.0
model = keras.Sequential()
model.add(keras.layers.Input(shape=(28, 28, 1)))
model.add(keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"))
model.add(keras.layers.MaxPool2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, min_delta=10.0,
                                      restore_best_weights=True)
history = model.fit(x, y, epochs=9, batch_size=64, validation_split=0.25, callbacks=[early],
                    verbose=0)
result = len(history.history["val_loss"]), early.stopped_epoch
""",
    "objects for everything, a dictionary back": """
import numpy as np
import keras

(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x = x[..., np.newaxis].astype("float32") / 255.0
x_test = x_test[..., np.newaxis].astype("float32") / 255.0
model = keras.models.Sequential([
    keras.layers.Input((28, 28, 1)),
    keras.layers.Conv2D(filters=6, kernel_size=5, padding="same", activation="tanh"),
    keras.layers.AveragePooling2D(pool_size=2),
    keras.layers.Flatten(),
    keras.layers.Dense(units=24, activation=keras.activations.tanh),
    keras.layers.Dense(units=10, activation="softmax"),
], name="lenet")
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.9),
    loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    metrics=[keras.metrics.CategoricalAccuracy(name="acc")],
)
model.fit(x, keras.utils.to_categorical(y, 10), epochs=1, verbose=0)
scores = model.evaluate(x_test, keras.utils.to_categorical(y_test, 10), verbose=0,
                        return_dict=True)
y_pred = model.predict(x_test, verbose=0).argmax(axis=1)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (y_test, y_pred), 1)
result = sorted(scores), int(confusion.sum()), model.name
""",
    "a callback that stops at an accuracy": """
import keras

class EnoughIsEnough(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if logs.get("accuracy") > 0.0:
            print("\\nReached the accuracy, so cancelling training!")
            self.model.stop_training = True

(x, y), _ = keras.datasets.mnist.load_data()
x = x / 255.0
model = keras.Sequential([
    keras.layers.Flatten(input_shape=[28, 28]),
    keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
history = model.fit(x, y, epochs=20, callbacks=[EnoughIsEnough()], verbose=0)
result = len(history.history["loss"])
""",
    "a loop of one's own": """
import numpy as np
import keras

keras.utils.set_random_seed(1)
(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
x, x_test = x.reshape(-1, 784) / 255.0, x_test.reshape(-1, 784) / 255.0
model = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Dense(10, activation="softmax")])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy",
              metrics=["accuracy"])
for epoch in range(2):
    order = np.random.permutation(len(x))
    for start in range(0, len(x), 50):
        batch = order[start:start + 50]
        loss, accuracy = model.train_on_batch(x[batch], y[batch])
    print(epoch, loss, accuracy, model.test_on_batch(x_test, y_test, return_dict=True))
result = int(model.optimizer.iterations)
""",
    "weights read and written": """
import numpy as np
import keras

def build():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(3, (5, 5), name="conv"),
        keras.layers.Activation("relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, name="out"),
        keras.layers.Activation("softmax"),
    ])

a, b = build(), build()
W, bias = a.layers[0].get_weights()
b.set_weights(a.get_weights())
same = np.array_equal(a.get_layer("out").kernel.numpy(), b.get_layer("out").kernel.numpy())
count = sum(int(np.prod(v.shape)) for v in a.trainable_variables)
a.get_layer("conv").trainable = False
a.compile(optimizer="sgd", loss="mse")
names = [layer.name for layer in a.layers if layer.weights]
result = W.shape, bias.shape, same, count, names, len(a.trainable_weights), a.count_params()
""",
    "an autoencoder": """
import keras
from keras.layers import Dense

(x_train, _), (x_test, _) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32").reshape(len(x_train), -1) / 255.0
x_test = x_test.astype("float32").reshape(len(x_test), -1) / 255.0
autoencoder = keras.Sequential([
    keras.Input(shape=(784,)),
    Dense(32, activation="relu"),
    Dense(784, activation="sigmoid"),
])
autoencoder.compile(optimizer="adam", loss="mse")
autoencoder.fit(x_train, x_train, epochs=1, batch_size=64, shuffle=True,
                validation_data=(x_test, x_test), verbose=0)
decoded = autoencoder.predict(x_test, verbose=0)
result = decoded[0].reshape(28, 28).shape, str(decoded.dtype)
""",
    "pictures as bytes, rescaled in the model": """
import keras
from keras import layers

(x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
model = keras.Sequential([
    layers.Input(shape=(28, 28, 1)),
    layers.Rescaling(1.0 / 255),
    layers.Conv2D(4, 3, activation="elu", kernel_initializer=keras.initializers.HeUniform(seed=3)),
    layers.MaxPooling2D((2, 2), strides=2),
    layers.Flatten(),
    layers.Dense(10),
], name="bytes")
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
              loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=["sparse_categorical_accuracy"])
model.fit(x, y, batch_size=100, epochs=2, verbose=0)
model.optimizer.learning_rate = 0.001
model.fit(x, y, batch_size=100, epochs=4, initial_epoch=2, verbose=0)
result = model.history.epoch, sorted(model.history.history), model.metrics[0].name
""",
}


load_data = minigrad.datasets.fashion_mnist.load_data


def few_pictures():
    (x, y), _ = load_data()
    return (x[:200], y[:200]), (x[200:260], y[200:260])


def run(script, library, monkeypatch):
    """Run a script; return its result and, of each model compiled, the steps and what they moved."""
    starts = {}
    compile_model = library.Sequential.compile

    def compile_and_remember(model, *arguments, **options):
        starts[model] = model.get_weights()
        compile_model(model, *arguments, **options)

    monkeypatch.setattr(library.Sequential, "compile", compile_and_remember)
    for name in ("mnist", "fashion_mnist"):
        monkeypatch.setattr(library.datasets, name, SimpleNamespace(load_data=few_pictures))
    if library is minigrad:
        script = re.sub(r"^import keras$", "import minigrad as keras", script, flags=re.M)
        script = re.sub(r"^from keras", "from minigrad", script, flags=re.M)
    names = {}
    exec(script, names)
    trained = []
    for model, start in starts.items():
        moved = [bool(np.any(a != b)) for a, b in zip(start, model.get_weights(), strict=True)]
        trained.append((int(model.optimizer.iterations), moved))
    return names["result"], trained


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_runs(script, monkeypatch, capsys):
    run(script, minigrad, monkeypatch)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_is_keras_s_and_leaves_the_same(script, monkeypatch, capsys, keras):
    assert run(script, minigrad, monkeypatch) == run(script, keras, monkeypatch)


# -- what such scripts use as well, and minigrad refuses by name ------------------------------
REFUSED = {
    "save": (lambda k, m: m.save("model.pb"), "a model is saved in a file.*ends in .keras"),
    "load": (lambda k, m: k.models.load_model("m.json"), "a model is read.*ends in .keras"),
    "normalization": (lambda k, m: k.layers.LayerNormalization(), "no 'LayerNormalization'.*to_ke"),
    "lion": (lambda k, m: k.optimizers.Lion(), "no 'Lion'.*Covered are Adadelta, Adagrad"),
    "old rate": (lambda k, m: k.optimizers.SGD(lr=0.1), "'lr'. It is called learning_rate"),
    "old decay": (lambda k, m: k.optimizers.SGD(decay=1e-6), "'decay'.*schedules.InverseTimeDecay"),
    "regularizer": (
        lambda k, m: k.layers.Dense(3, activity_regularizer="l2"),
        "activity_regularizer='",
    ),
    "regularizers": (lambda k, m: k.regularizers.OrthogonalRegularizer(), "no 'Orthogonal"),
    "board": (lambda k, m: k.callbacks.TensorBoard(), "no 'TensorBoard'"),
    "augmentation": (lambda k, m: k.layers.RandomFlip(), "no 'RandomFlip'. Instead, fit takes"),
    "whole checkpoint": (
        lambda k, m: k.callbacks.ModelCheckpoint("best.hdf5", save_best_only=True),
        "the name ends in .keras or .h5; got 'best.hdf5'",
    ),
    "weighted metrics": (
        lambda k, m: m.compile("sgd", "mse", weighted_metrics=["mae"]),
        "weighted_metrics=.* is not covered",
    ),
    "other data": (lambda k, m: k.datasets.svhn, "no 'svhn'.*Covered are fashion_mnist, mnist"),
    "activation": (lambda k, m: k.activations.celu, "no 'celu'"),
}


@pytest.mark.parametrize("use, message", REFUSED.values(), ids=REFUSED)
def test_the_rest_is_refused_by_name(use, message):
    model = minigrad.Sequential([minigrad.Input((3,)), minigrad.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises((AttributeError, ValueError, TypeError), match=message):
        use(minigrad, model)
