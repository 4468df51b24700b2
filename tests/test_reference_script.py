"""A student's Keras script is a minigrad script: one text, run with both."""

import numpy as np
import pytest

import minigrad

SCRIPT = """
import numpy as np
{first_line}

keras.utils.set_random_seed(7)
(x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
x = x[:600].astype("float32") / 255
x_test = x_test[:200].astype("float32") / 255
y = keras.utils.to_categorical(y[:600], 10)
y_test = keras.utils.to_categorical(y_test[:200], 10)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(8, 2, activation="relu"),
    keras.layers.MaxPooling2D(2),
    keras.layers.Flatten(),
    keras.layers.Dense(32, activation="elu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(
    optimizer={optimizer},
    loss=keras.losses.CategoricalCrossentropy(),
    metrics=["accuracy"],
    run_eagerly={eagerly},
)
model.set_weights(start)

steps = []

class Steps(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        steps.append(dict(logs))

history = model.fit(
    x, y, batch_size=128, epochs=2, shuffle=False, verbose=0,
    validation_data=(x_test, y_test), callbacks=[Steps()],
)
test = model.evaluate(x_test, y_test, verbose=0)
predictions = model.predict(x_test, verbose=0)
batch = model.train_on_batch(x[:3], y[:3])
tested = model.test_on_batch(x[:3], y[:3], return_dict=True)
weights = model.get_weights()
text = []
model.summary(print_fn=lambda line, **_: text.append(line))
"""


def initial_weights():
    generator = np.random.default_rng(3)
    shapes = [(2, 2, 1, 8), (8,), (1352, 32), (32,), (32, 10), (10,)]
    return [generator.normal(0, 0.05, shape).astype("float32") for shape in shapes]


def run(keras, first_line, optimizer, eagerly, monkeypatch):
    # the pictures are in the repository; Keras would fetch them
    if keras is not minigrad:
        pictures = minigrad.datasets.fashion_mnist.load_data
        monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", pictures)
    names = {"start": initial_weights()}
    exec(SCRIPT.format(first_line=first_line, optimizer=optimizer, eagerly=eagerly), names)
    return names


@pytest.mark.parametrize(
    "optimizer, eagerly",
    [
        ("keras.optimizers.SGD(0.05)", False),
        ("keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True)", False),
        ("keras.optimizers.Adam()", False),
        ("keras.optimizers.Adam()", True),
    ],
)
def test_the_same_script_gives_the_same_numbers(keras, optimizer, eagerly, monkeypatch):
    ours = run(minigrad, "import minigrad as keras", optimizer, eagerly, monkeypatch)
    theirs = run(keras, "import keras", optimizer, False, monkeypatch)

    assert len(ours["steps"]) == len(theirs["steps"]) == 10  # 600 = 4·128 + 88, twice
    for our_logs, their_logs in zip(ours["steps"], theirs["steps"], strict=True):
        assert list(our_logs) == list(their_logs)
        assert our_logs["loss"] == pytest.approx(their_logs["loss"], rel=1e-4)
        assert our_logs["accuracy"] == pytest.approx(their_logs["accuracy"], abs=0.003)

    our_history, their_history = ours["history"], theirs["history"]
    assert list(our_history.history) == list(their_history.history)
    assert our_history.epoch == their_history.epoch
    for name, values in their_history.history.items():
        close = {"abs": 0.006} if "accuracy" in name else {"rel": 1e-4}
        assert our_history.history[name] == pytest.approx(values, **close)

    assert ours["test"][0] == pytest.approx(theirs["test"][0], rel=1e-4)
    assert ours["batch"][0] == pytest.approx(theirs["batch"][0], rel=1e-3)
    assert list(ours["tested"]) == list(theirs["tested"])
    np.testing.assert_allclose(ours["predictions"], theirs["predictions"], atol=1e-4)
    for our_array, their_array in zip(ours["weights"], theirs["weights"], strict=True):
        assert our_array.dtype == their_array.dtype
        np.testing.assert_allclose(our_array, their_array, atol=1e-4)

    assert cells(ours["text"]) == cells(theirs["text"])
    for line in ("Trainable params: 43,666 (170.57 KB)", "Non-trainable params: 0 (0.00 B)"):
        assert line in ours["text"][-1] and line in theirs["text"][-1]


def cells(text):
    """What a summary's table holds: its columns' widths and automatic numbers do not matter."""
    lines = [line.split("│") for line in text[-1].splitlines() if "│" in line]
    return [[cell.strip() for cell in (name.split("(")[1], *rest)] for _, name, *rest in lines]
