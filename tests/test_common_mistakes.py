"""What beginners get wrong, and what they are told: at least as much as Keras tells them.

Each row of the table is a mistake in a script that works with either library, and the facts
that a reader needs to mend it: what is wrong, what was wanted, and the way out where there is
one. minigrad's error tells all of them. Keras's tells some, or there is none, and training goes
on with nonsense: then the row says ``SILENT``. That is checked live where Keras is installed.
"""

import numpy as np
import pytest

import minigrad

X = np.random.default_rng(0).random((20, 8, 8, 1), dtype=np.float32)
LABELS = np.arange(20) % 4
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
ERROR, SILENT = "error", "silent"


def network(k, *more, loss="categorical_crossentropy", optimizer="sgd", metrics=("accuracy",)):
    model = k.Sequential(
        [
            k.Input((8, 8, 1)),
            k.layers.Conv2D(2, 3, activation="relu", name="conv"),
            k.layers.Flatten(name="flat"),
            *more,
            k.layers.Dense(4, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile(optimizer=optimizer, loss=loss, metrics=list(metrics))
    return model


def fit(model, x=X, y=ONE_HOT, **options):
    return model.fit(x, y, **{"batch_size": 10, "verbose": 0, **options})


def not_compiled(k, work):
    model = k.Sequential([k.Input((8, 8, 1)), k.layers.Flatten(), k.layers.Dense(4)], name="net")
    work(model)


def without_flatten(k):
    model = k.Sequential([k.Input((8, 8, 1)), k.layers.Dense(4, activation="softmax")], name="net")
    model.compile("sgd", "categorical_crossentropy")
    fit(model)


def added(k, *layers):
    model = k.Sequential([k.Input((8, 8, 1))], name="net")
    for layer in layers:
        model.add(layer)


def layer_without_a_beginning(k):
    class Bare(k.layers.Layer):
        def __init__(self):
            self.slope = 0.1

        def call(self, inputs):
            return inputs * self.slope

    repr(Bare())  # as a notebook would, in which it is the last line of a cell
    added(k, Bare())


def spoiled(array, value):
    copy = np.array(array)
    copy[7].flat[0] = value
    return copy


MISTAKES = {
    "pictures of another size": (
        lambda k: fit(network(k), X[:, :7]),
        ["net", "(8, 8, 1)", "(7, 8, 1)"],
        ERROR,
    ),
    "pictures in rows": (
        lambda k: fit(network(k), X.reshape(20, 64)),
        ["net", "(8, 8, 1)", "(64,)"],
        ERROR,
    ),
    "one picture in place of a batch": (
        lambda k: network(k).predict(X[0, ..., 0], verbose=0),
        ["net", "(8, 8, 1)", "(8, 8)", "x[None] makes a batch"],
        ERROR,
    ),
    "labels that are not one-hot": (
        lambda k: fit(network(k), y=LABELS),
        ["(20,)", "4 classes", "sparse_categorical_crossentropy", "to_categorical"],
        ERROR,
    ),
    "one-hot labels for the sparse loss": (
        lambda k: fit(network(k, loss="sparse_categorical_crossentropy")),
        ["(20, 4)", "one whole number for each of 20 samples", '"categorical_crossentropy"'],
        ERROR,
    ),
    "a label too many": (
        lambda k: fit(network(k, loss="sparse_categorical_crossentropy"), y=LABELS + 1),
        ["labels run from 1 to 4", "4 classes are 0 to 3"],
        ERROR,
    ),
    "labels with too many classes": (
        lambda k: fit(network(k), y=np.eye(5)[LABELS]),
        ["(20, 5)", "(None, 4)"],
        ERROR,
    ),
    "labels in words": (
        lambda k: fit(network(k), y=np.array(["shirt", "coat"] * 10)),
        ["y", "numbers", "<U5"],
        ERROR,
    ),
    "fewer labels than pictures": (
        lambda k: fit(network(k), y=ONE_HOT[:19]),
        ["20", "19"],
        ERROR,
    ),
    "no labels": (lambda k: network(k).fit(X, verbose=0), ["y is missing"], ERROR),
    "no pictures": (lambda k: fit(network(k), X[:0], ONE_HOT[:0]), ["no samples"], SILENT),
    "NaN in the pictures": (
        lambda k: fit(network(k), spoiled(X, np.nan)),
        ["x", "not finite", "sample 7"],
        SILENT,
    ),
    "infinity in the labels": (
        lambda k: fit(network(k), y=spoiled(ONE_HOT, np.inf)),
        ["y", "not finite", "sample 7"],
        SILENT,
    ),
    "a loss misspelled": (
        lambda k: fit(network(k, loss="categorical_crossentrpy")),
        ["categorical_crossentrpy", "Did you mean 'categorical_crossentropy'?"],
        ERROR,
    ),
    "an optimizer misspelled": (
        lambda k: network(k, optimizer="adm"),
        ["adm", "Did you mean 'adam'?"],
        ERROR,
    ),
    "a metric misspelled": (
        lambda k: fit(network(k, metrics=["acuracy"])),
        ["acuracy", "Did you mean 'accuracy'?"],
        ERROR,
    ),
    "an activation misspelled": (
        lambda k: k.layers.Dense(4, activation="relux"),
        ["relux", "relu", "elu"],
        ERROR,
    ),
    "an initializer misspelled": (
        lambda k: k.layers.Dense(4, kernel_initializer="glorot_unifrom"),
        ["glorot_unifrom", "Did you mean 'glorot_uniform'?"],
        ERROR,
    ),
    "an argument misspelled": (
        lambda k: k.layers.Dense(unit=4),
        ["Dense", "unit"],
        ERROR,
    ),
    "a learning rate under its old name": (
        lambda k: k.optimizers.SGD(lr=0.01),
        ["SGD", "'lr'"],
        ERROR,
    ),
    "a layer misspelled": (
        lambda k: k.layers.Conv2d(2, 3),
        ["Conv2d", "Did you mean 'Conv2D'?"],
        ERROR,
    ),
    "a kernel larger than the pictures": (
        lambda k: added(k, k.layers.Conv2D(2, 9, name="conv")),
        ['"conv"', "9×9", "8×8", 'padding="valid"'],
        ERROR,
    ),
    "a pool larger than what is left": (
        lambda k: added(k, k.layers.MaxPooling2D(8), k.layers.MaxPooling2D(2, name="pool")),
        ['"pool"', "2×2", "1×1", 'padding="valid"'],
        ERROR,
    ),
    "a convolution after Flatten": (
        lambda k: added(k, k.layers.Flatten(), k.layers.Conv2D(2, 3, name="conv")),
        ['"conv"', "(batch, height, width, channel)", "(None, 64)"],
        ERROR,
    ),
    "Flatten forgotten": (
        without_flatten,
        ["(20, 4)", "(None, 8, 8, 4)"],
        ERROR,
    ),
    "a class in place of a layer": (
        lambda k: added(k, k.layers.Flatten),
        ["Flatten", "layer"],
        ERROR,
    ),
    "a layer of one's own without super().__init__()": (
        layer_without_a_beginning,
        ["Bare", "call super().__init__() in __init__ first"],
        ERROR,
    ),
    "no units": (lambda k: k.layers.Dense(0), ["Dense", "units", "at least 1", "0"], ERROR),
    "half a filter": (
        lambda k: added(k, k.layers.Conv2D(2.5, 3)),
        ["Conv2D", "filters", "whole number", "2.5"],
        ERROR,
    ),
    "not compiled, fit": (
        lambda k: not_compiled(k, fit),
        ["net", "compile(", "before fit"],
        ERROR,
    ),
    "not compiled, evaluate": (
        lambda k: not_compiled(k, lambda m: m.evaluate(X, ONE_HOT, verbose=0)),
        ["net", "compile(", "before evaluate"],
        ERROR,
    ),
    "weights of another model, too few": (
        lambda k: network(k).set_weights(network(k).get_weights()[:3]),
        ["net", "4 weights", "3"],
        ERROR,
    ),
    "weights of another model, another shape": (
        lambda k: network(k).set_weights([np.zeros((5, 5, 1, 2)), *network(k).get_weights()[1:]]),
        ["net", "conv/kernel", "(3, 3, 1, 2)", "(5, 5, 1, 2)"],
        ERROR,
    ),
    "a batch of no pictures": (
        lambda k: fit(network(k), batch_size=0),
        ["batch_size", "at least 1", "0"],
        SILENT,
    ),
    "epochs in words": (
        lambda k: fit(network(k), epochs="5"),
        ["epochs", "whole number", "'5'"],
        ERROR,
    ),
    "validation data without labels": (
        lambda k: fit(network(k), validation_data=X),
        ["validation_data", "pair (x, y)"],
        ERROR,
    ),
    "all data for validation": (
        lambda k: fit(network(k), validation_split=1.0),
        ["validation_split", "between 0 and 1", "1.0"],
        ERROR,
    ),
    "two layers of one name": (
        lambda k: network(k, k.layers.Dense(3, name="out")),
        ["net", "'out'"],
        ERROR,
    ),
    "an input in the middle": (
        lambda k: added(k, k.layers.Flatten(), k.Input((64,))),
        ["net", "Input", "first"],
        ERROR,
    ),
}


def error_of(mistake, library):
    try:
        mistake(library)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("mistake, facts, keras_does", MISTAKES.values(), ids=MISTAKES)
def test_the_error_tells_what_a_reader_needs(mistake, facts, keras_does):
    error = error_of(mistake, minigrad)
    assert isinstance(error, (ValueError, TypeError, AttributeError)), error
    assert [fact for fact in facts if fact not in str(error)] == [], str(error)
    assert str(error).count("\n") < 3  # a sentence or two, which is read


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake, facts, keras_does", MISTAKES.values(), ids=MISTAKES)
def test_keras_stops_or_is_silent_as_the_table_says(mistake, facts, keras_does, keras):
    error = error_of(mistake, keras)
    assert (SILENT if error is None else ERROR) == keras_does
