"""A catalogue of bad input: each gives one clear error, and nothing has changed afterward.

The inputs are made from tables, argument × bad values, over what a user can call. An error is
clear if minigrad raises it itself and it names whose argument it is. What Keras accepts where it
makes sense is not here.
"""

import itertools
import math
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg

PACKAGE = str(Path(mg.__file__).parent)
KINDS = (ValueError, TypeError, AttributeError, IndexError, OSError, KeyError)
NAN, INF = math.nan, math.inf

# -- bad values, by what is wanted ---------------------------------------------------------
WHOLE = [0, -1, 1.5, "3", [1], NAN, INF, True, 1j, {}, None]
FROM_ZERO = [-1, 1.5, "3", [1], NAN, True, 1j, {}]
PAIR = [0, -1, (2,), (1, 2, 3), "3", 1.5, (0, 2), ("a", "b"), {}, NAN]
NUMBER = ["a", NAN, INF, [1.0, 2.0], 1j, {}, object()]
PART = [-0.1, 1.1, "a", NAN, INF, [0.5], 1j, {}]
PADDING = ["full", 5, "samee", ["same"], {}, 1.5]
FORMAT = ["channels_first", 5, "nonsense"]
FUNCTION = ["nonsense", 5, 1.5, {"a": 1}, b"relu", [1]]
DTYPE = ["nope", "int32", "float16", 5, object, complex, "U4", "uint8"]
SHAPE = ["a", -1, (0,), (2.5,), (None,), ("a",), {}, 1.5, (4, -2)]
TRUTH = ["no", 5, [], {}, None]
REGULARIZER = ["l7", 0.1, {"a": 1}]
UNCOVERED = ["l2", 0.1, {"a": 1}]
SEED = ["a", -1, 1.5, [1], NAN, {}]
MODE = ["up", 5, None, "MIN", []]
SIZES = [-1, 0, 1.5, "3", [1], NAN, True]

WITH_KERNEL = {
    "activation": FUNCTION,
    "kernel_initializer": FUNCTION,
    "bias_initializer": FUNCTION,
    "kernel_regularizer": REGULARIZER,
    "bias_regularizer": REGULARIZER,
    "activity_regularizer": UNCOVERED,
    "kernel_constraint": UNCOVERED,
    "bias_constraint": UNCOVERED,
    "dtype": DTYPE,
    "trainable": TRUTH,
    "input_shape": SHAPE,
    "unit": [3],
}
POOLING = {
    "pool_size": PAIR,
    "strides": PAIR,
    "padding": [*PADDING, None],
    "data_format": FORMAT,
    "dtype": DTYPE,
    "pool": [2],
}
# class: what it needs, and bad values for its arguments
CLASSES: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "layers.Dense": ({"units": 2}, {"units": WHOLE, "input_dim": SHAPE, **WITH_KERNEL}),
    "layers.Conv2D": (
        {"filters": 2, "kernel_size": 2},
        {
            "filters": WHOLE,
            "kernel_size": [*PAIR, None],
            "strides": [*PAIR, None],
            "padding": [*PADDING, None],
            "data_format": FORMAT,
            "dilation_rate": [2, (2, 2), "a"],
            "groups": [2, 0, "a"],
            **WITH_KERNEL,
        },
    ),
    "layers.MaxPooling2D": ({}, POOLING),
    "layers.AveragePooling2D": ({}, POOLING),
    "layers.Dropout": (
        {"rate": 0.5},
        {"rate": [*PART, None], "noise_shape": [(1,), 5], "seed": SEED, "dtype": DTYPE},
    ),
    "layers.Rescaling": (
        {"scale": 0.5},
        {"scale": [*NUMBER, None], "offset": [*NUMBER, None], "dtype": DTYPE},
    ),
    "layers.Activation": ({}, {"activation": FUNCTION}),
    "layers.Flatten": ({}, {"data_format": FORMAT, "input_shape": SHAPE, "shape": [3]}),
    "layers.Input": (
        {"shape": (2,)},
        {
            "shape": [*SHAPE, None],
            "dtype": ["nope", object, complex, 5, "U4"],
            "batch_size": [0, "a"],
        },
    ),
    "losses.CategoricalCrossentropy": (
        {},
        {"label_smoothing": [*PART, None], "axis": [1, 0, "a"], "reduction": ["max", 5, "avg"]},
    ),
    "losses.SparseCategoricalCrossentropy": (
        {},
        {"ignore_class": [0, "a"], "axis": [1, "a"], "reduction": ["max", 5]},
    ),
    "losses.MeanSquaredError": ({}, {"reduction": ["max", 5, [1]]}),
    "metrics.BinaryAccuracy": ({}, {"threshold": [*NUMBER, None], "dtype": ["float16", 5]}),
    "metrics.CategoricalAccuracy": ({}, {"dtype": ["float16"]}),
    "initializers.Constant": ({}, {"value": [*NUMBER, None]}),
    "initializers.RandomNormal": (
        {},
        {"mean": [*NUMBER, None], "stddev": [*NUMBER, -1, None], "seed": SEED},
    ),
    "initializers.RandomUniform": (
        {},
        {"minval": [*NUMBER, None], "maxval": [*NUMBER, -7, None], "seed": SEED},
    ),
    "initializers.VarianceScaling": (
        {},
        {
            "scale": [*NUMBER, 0, -1, None],
            "mode": ["fan", 5, None],
            "distribution": ["normal?", 5, None],
            "seed": SEED,
        },
    ),
    "initializers.GlorotUniform": ({}, {"seed": SEED}),
    "optimizers.SGD": (
        {},
        {
            "learning_rate": ["a", -1, NAN, INF, [1], {}, None],
            "momentum": [*PART, None],
            "weight_decay": ["a", -1, NAN, INF, [1], {}],
            "clipnorm": ["a", -1, NAN, INF, [1]],
            "clipvalue": ["a", -1, NAN, INF, [1]],
            "global_clipnorm": [1.0],
            "lr": [0.1],
            "decay": [0.1],
        },
    ),
    "optimizers.Adam": (
        {},
        {
            "learning_rate": ["a", -1, NAN, INF, [1], {}, None],
            "beta_1": [*PART, None],
            "beta_2": [*PART, None],
            "epsilon": ["a", -1, NAN, INF, None],
            "amsgrad": [True],
        },
    ),
    "optimizers.AdamW": ({}, {"weight_decay": ["a", -1, NAN, INF, [1], {}, None]}),
    "optimizers.RMSprop": (
        {},
        {
            "learning_rate": ["a", -1, NAN, INF, [1], {}, None],
            "rho": [*PART, None],
            "momentum": [*PART, None],
            "epsilon": ["a", -1, NAN, INF, None],
        },
    ),
    "optimizers.Adagrad": ({}, {"initial_accumulator_value": ["a", -1, NAN, INF, None]}),
    "optimizers.Adadelta": ({}, {"rho": [*PART, None], "epsilon": ["a", -1, NAN, INF, None]}),
    "optimizers.schedules.ExponentialDecay": (
        {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
        {
            "initial_learning_rate": ["a", -1, NAN, INF, [1], {}, None],
            "decay_steps": ["a", 0, -1, NAN, INF, None],
            "decay_rate": ["a", -1, NAN, INF, None],
        },
    ),
    "optimizers.schedules.PiecewiseConstantDecay": (
        {"boundaries": [5], "values": [0.1, 0.2]},
        {
            "boundaries": ["a", {}, None, [], [1, 2], ["a"]],
            "values": [5, "a", None, [], [NAN, 1]],
        },
    ),
    "callbacks.EarlyStopping": (
        {},
        {
            "monitor": [5, None, [], {}],
            "min_delta": [*NUMBER, None],
            "patience": [-1, 1.5, "a", NAN, [1], None],
            "mode": MODE,
            "baseline": ["a", NAN, [1], {}],
            "start_from_epoch": [-1, 1.5, "a", NAN, None],
        },
    ),
    "callbacks.ModelCheckpoint": (
        {"filepath": "w.npz", "save_weights_only": True},
        {
            "filepath": ["w.h5", 5, None, "", "{", "{epoch:x.y}.npz", "{0}.npz", "{epoch.npz"],
            "monitor": [5, None, []],
            "mode": MODE,
            "save_freq": [0, -1, 1.5, "batch", None, []],
            "save_weights_only": [False],
            "initial_value_threshold": ["a", NAN, [1]],
        },
    ),
    "callbacks.BackupAndRestore": (
        {"backup_dir": "folder"},
        {"backup_dir": [5, None, "", []], "save_freq": [5, "batch"], "double_checkpoint": [True]},
    ),
    "callbacks.LearningRateScheduler": ({}, {"schedule": [5, None, "a", 0.1]}),
    "callbacks.ReduceLROnPlateau": (
        {},
        {
            "factor": [1.0, -1, "a", NAN, None],
            "patience": [-1, 1.5, "a", None],
            "cooldown": [-1, 1.5, "a", None],
            "min_lr": [-1, "a", NAN, None],
            "monitor": [5, None],
            "mode": MODE,
        },
    ),
    "callbacks.LambdaCallback": ({}, {"on_epoch_end": [5, "a"], "on_nothing": [print]}),
    "callbacks.CSVLogger": (
        {"filename": "log.csv"},
        {"filename": [5, None, ""], "separator": [5, "", "ab", None]},
    ),
    "layers.ReLU": (
        {},
        {
            "max_value": [-1, "a", NAN],
            "negative_slope": [-1, "a", NAN, None],
            "threshold": [-1, "a", NAN, None],
        },
    ),
    "layers.LeakyReLU": ({}, {"negative_slope": [-1, "a", NAN, None]}),
    "layers.ELU": ({}, {"alpha": ["a", NAN, None]}),
    "layers.Softmax": ({}, {"axis": ["a", 1.5, None, True]}),
    "layers.Concatenate": ({}, {"axis": [0, "a", 1.5, None, True]}),
    "layers.Reshape": ({}, {"target_shape": [5, "a", None, (0,), (-1, -1), (1.5,), (-2,)]}),
    "layers.GlobalAveragePooling2D": ({}, {"data_format": FORMAT, "keepdims": ["a", 5, None]}),
    "losses.Huber": ({}, {"delta": [-1, "a", NAN, None], "reduction": ["max"]}),
    "losses.BinaryCrossentropy": ({}, {"label_smoothing": PART, "axis": [0, 1, "a"]}),
    "Model": (
        {"inputs": mg.Input((2,), name="i"), "outputs": mg.Input((2,), name="o")},
        {"inputs": [5, None, [], np.ones(2)], "outputs": [5, None, [], mg.layers.Dense(2)]},
    ),
    "Sequential": ({}, {"layers": [5, [5], ["dense"], [None]], "trainable": TRUTH}),
}

X, Y = np.arange(20, dtype=np.float32).reshape(5, 4), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
BEYOND = np.float64([1e300])  # beyond the range of float32
GENERATOR = (row for row in X)
ARRAYS = [
    None, "text", 5, 3.5, GENERATOR, {"a": X}, [], [[1, 2], [3]], X[:0], X[:, :3], X.astype(str),
    X.astype(complex), X.astype(object), np.where(X == 7, np.nan, X), np.where(X == 7, np.inf, X),
    BEYOND * X, X[..., None, None], object(), np.ma.masked_array(X, X > 5),
]  # fmt: skip
TARGETS = [
    "text", 5, GENERATOR, [], Y[:3], Y[:, :2], Y.astype(str), Y.astype(complex),
    np.where(Y == 1, np.nan, Y), BEYOND * Y, np.arange(5), Y[..., None, None], object(),
]  # fmt: skip
SAMPLE_WEIGHTS = [
    5, "a", [1, 2], np.ones(4), np.ones((5, 2)), np.ones((1, 5)), np.full(5, np.nan), [1e300] * 5,
    Y.astype(complex)[:, 0], [None] * 5, {0: 1.0}, object(),
]  # fmt: skip
CLASS_WEIGHTS = [
    5, "a", [1, 2, 3], np.ones(3), {0: 1e300}, {3: 1.0}, {-1: 1.0}, {0.5: 1.0}, {"a": 1.0}, {0: "a"},
    {0: np.nan}, {0: None}, {None: 1.0}, {0: [1.0]},
]  # fmt: skip
VERBOSE = [3, -1, "loud", 1.5, None, [1]]
CALLBACKS = [5, [print], ["early"], [None], mg.callbacks.History]
# method: what it needs, and bad values for its arguments
METHODS: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "compile": (
        {"optimizer": "sgd", "loss": "mse"},
        {
            "optimizer": ["sgdd", 5, None, [], mg.losses.MeanSquaredError(), print],
            "loss": ["hinge", 5, [], mg.optimizers.SGD(), ["mse", "mae"], mg.optimizers.SGD],
            "metrics": ["accuracy", 5, ["acc?"], [5], [mg.losses.MeanSquaredError], [None]],
            "loss_weights": [[0.5], 2.0],
            "weighted_metrics": [["accuracy"]],
            "steps_per_execution": [2, 0, "a"],
        },
    ),
    "fit": (
        {"x": X, "y": Y, "verbose": 0},
        {
            "x": ARRAYS,
            "y": [None, *TARGETS],
            "batch_size": SIZES,
            "epochs": [-1, 1.5, "3", None, NAN, True],
            "verbose": VERBOSE,
            "callbacks": CALLBACKS,
            "validation_split": [-0.1, 1.0, 1.5, "0.2", NAN, [0.2], 0.999],
            "validation_data": [X, 5, "text", (X,), (X, Y, X), (X[:, :2], Y), (X, Y[:2]), (X, None)],
            "shuffle": ["yes", X, 1.5, None],
            "class_weight": CLASS_WEIGHTS,
            "sample_weight": SAMPLE_WEIGHTS,
            "initial_epoch": [-1, 1.5, "a", None],
            "steps_per_epoch": [0, -1, 1.5, "a"],
            "validation_steps": [0, -1, 1.5, "a"],
            "validation_batch_size": [0, -1, 1.5, "a", True],
            "validation_freq": [0, -1, 1.5, "a", None, [0], [1.5]],
        },
    ),
    "evaluate": (
        {"x": X, "y": Y, "verbose": 0},
        {
            "x": ARRAYS,
            "y": [None, *TARGETS],
            "batch_size": SIZES,
            "verbose": VERBOSE,
            "callbacks": CALLBACKS,
            "steps": [0, -1, 1.5, "a"],
            "sample_weight": SAMPLE_WEIGHTS,
        },
    ),
    "predict": (
        {"x": X, "verbose": 0},
        {
            "x": ARRAYS,
            "batch_size": SIZES,
            "verbose": VERBOSE,
            "callbacks": CALLBACKS,
            "steps": [0, -1, 1.5, "a"],
        },
    ),
    "predict_on_batch": ({}, {"x": ARRAYS}),
    "train_on_batch": (
        {"x": X, "y": Y},
        {
            "x": ARRAYS,
            "y": [None, *TARGETS],
            "sample_weight": SAMPLE_WEIGHTS,
            "class_weight": CLASS_WEIGHTS,
        },
    ),
    "test_on_batch": (
        {"x": X, "y": Y},
        {"x": ARRAYS, "y": [None, *TARGETS], "sample_weight": SAMPLE_WEIGHTS},
    ),
    "add": ({}, {"layer": [5, "dense", None, mg.layers.Dense, print, mg.Input((4,))]}),
    "get_layer": (
        {},
        {"name": ["nothing", 5, None], "index": [9, -9, 1.0, "a", [0], True, NAN]},
    ),
    "build": ({}, {"input_shape": [5, "a", (None, 9), (None, -1), (), (None, 1.5)]}),
    "set_weights": (
        {},
        {
            "weights": [
                None, 5, "text", [], [1], [np.ones((4, 3))], [np.ones((4, 3)), "a"],
                [np.ones((4, 3)), np.full(3, NAN)], [np.ones((4, 3)) * 1e300, np.ones(3)],
                [np.ones((4, 3)), [[1], [1, 2]]], [np.ones((4, 3), complex), np.ones(3)],
                [np.ones((4, 3)), np.array([None] * 3)], [np.ones((3, 4)), np.ones(3)], {"a": 1},
            ]
        },
    ),
    "save_weights": ({}, {"filepath": [None, 5, "", "w.h5", "no/such/w.npz", [], "a\0.npz"]}),
    "load_weights": ({}, {"filepath": [None, 5, "", "w.txt", "no-such-file.h5", "no-such-file.npz", []]}),
    "summary": ({}, {"layer_range": [["a", "b"]]}),
    "plan": ({}, {"batch_size": [0, -1, 1.5, "a", None, NAN, True]}),
    "network": ({}, {"batch_size": [0, -1, 1.5, "a", None, NAN, True]}),
}  # fmt: skip
FUNCTIONS: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "utils.to_categorical": (
        {"x": [0, 1]},
        {
            "x": [[-1], [0.5], ["a"], None, "a", [1j], [[1, 2], [3]], [NAN], {}],
            "num_classes": [1, 2.7, "3", -1, [3], NAN],
        },
    ),
    "utils.set_random_seed": ({}, {"seed": [-1, 1.5, "a", None, True, 2**32, [1]]}),
    "config.set_floatx": ({}, {"value": ["float16", "int32", 5, None, "nope", object]}),
    "activations.get": ({}, {"identifier": ["nonsense", 5, [], 1.5, b"relu"]}),
    "initializers.get": ({}, {"identifier": ["nonsense", 5, [], 1.5, None]}),
    "losses.get": ({}, {"identifier": ["nonsense", 5, [], None, mg.optimizers.SGD]}),
    "metrics.get": ({}, {"identifier": ["nonsense", 5, [], None, mg.optimizers.SGD]}),
    "optimizers.get": ({}, {"identifier": ["nonsense", 5, [], None, print]}),
    "losses.mean_squared_error": (
        {"y_true": Y, "y_pred": Y},
        {"y_true": [None, "a", Y[:2], Y.T], "y_pred": [None, "a", Y.astype(complex)]},
    ),
    "losses.categorical_crossentropy": (
        {"y_true": Y, "y_pred": Y},
        {"y_true": [None, "a", Y[:2], [0, 1, 2, 0, 1], 1.0], "label_smoothing": PART},
    ),
    "losses.sparse_categorical_crossentropy": (
        {"y_true": [0, 1, 2, 0, 1], "y_pred": Y},
        {"y_true": [None, "a", Y, [0, 1], [5] * 5, [-1] * 5, [0.5] * 5, 1], "y_pred": [None, 0.5]},
    ),
    "set_threads": ({}, {"n": [0, -1, 1.5, "a", [1], NAN]}),
    "interop.to_keras": ({}, {"model": [5, None, "a", mg.layers.Dense(3)]}),
}


def cases():
    def rows(table, kind):
        for name, (needs, arguments) in table.items():
            for argument, values in arguments.items():
                for number, value in enumerate(values):
                    yield pytest.param(
                        kind, name, needs, argument, value, id=f"{name}-{argument}-{number}"
                    )

    return list(
        itertools.chain(
            rows(CLASSES, "class"), rows(METHODS, "method"), rows(FUNCTIONS, "function")
        )
    )


CASES = cases()


def reached(name: str) -> Any:
    thing: Any = mg
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def trained():
    mg.utils.set_random_seed(0)
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(3, "softmax", name="d")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model


KEPT = X.copy(), Y.copy()
MODEL = trained()


@pytest.mark.parametrize("kind, name, needs, argument, value", CASES)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_bad_input_is_refused_clearly(kind, name, needs, argument, value):
    model = trained() if kind == "method" else MODEL
    call = getattr(model, name) if kind == "method" else reached(name)
    weights, optimizer, layers = model.get_weights(), model.optimizer, list(model.layers)
    with pytest.raises(KINDS) as caught:
        call(**{**needs, argument: value})
    error = caught.value
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    unknown = isinstance(error, TypeError) and "unexpected keyword" in said
    unknown |= isinstance(error, FileNotFoundError) and str(value) in said  # Python's own
    assert last.filename.startswith(PACKAGE) or unknown, f"raised by {last.filename}: {said}"
    assert last.line.startswith("raise") or unknown, f"not meant: {last.line}: {said}"
    owner = name.split(".")[-1]
    words = [owner, argument, owner.lower(), argument.rstrip("s"), "Sequential"]
    words += {
        "losses": ["crossentropy", "loss"],
        "metrics": ["metric"],
        "activations": ["activation"],
        "initializers": ["initializer"],
    }.get(name.split(".")[0], [])
    words += [
        "weights",
        ".npz",
        ".h5",
        "y is missing",
        "crossentropy",
        "classes",
        "optimizer",
        "batch",
        "folder",
    ]
    assert any(word in said for word in words), said
    assert len(said) < 500, said
    # nothing has changed
    x, y = KEPT
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)
    assert model.optimizer is optimizer and optimizer.iterations == 0 and model.layers == layers
    assert model.loss.name == "categorical_crossentropy" and model.history is None


def test_the_catalogue_is_large():
    print(f"{len(CASES)} bad inputs")
    assert len(CASES) >= 600
