"""Models to Keras and back: layers, weights, what was compiled, and the optimizer's memory.

minigrad is for understanding. A reader who outgrows it hands the model over and goes on
with the same weights on whatever Keras runs on, and can come back.

What is carried: every layer, loss, metric and optimizer of minigrad's, names, dtypes, weights
and which of them are trainable; the learning rate, the number of steps taken, SGD's velocities
and Adam's moments. What is not: the state of random generators (dropout goes on with other
masks), seeds of initializers and initializers that the other side does not know (they have done
their work), and the history. Functions and classes of one's own are refused by name.

Example:
    >>> import numpy as np, minigrad as mg
    >>> model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(2, "softmax", name="d")])
    >>> x = np.ones((4, 3), np.float32)
    >>> theirs = mg.interop.to_keras(model)
    >>> bool(np.allclose(theirs.predict(x, verbose=0), model.predict(x, verbose=0)))
    True
    >>> mg.interop.from_keras(theirs).get_layer("d")
    <Dense "d" built>
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad import activations, config, initializers, layers, losses, metrics, optimizers
from minigrad.model import Sequential

__all__ = ["from_keras", "import_keras", "to_keras"]

# What each class is made from: names that are its arguments and its attributes, in both.
WEIGHTED = ("activation", "use_bias", "kernel_initializer", "bias_initializer")
POOLING = ("pool_size", "strides", "padding")
LAYERS = {
    "Activation": ("activation",),
    "AveragePooling2D": POOLING,
    "Conv2D": ("filters", "kernel_size", "strides", "padding", *WEIGHTED),
    "Dense": ("units", *WEIGHTED),
    "Dropout": ("rate", "seed"),
    "Flatten": (),
    "MaxPooling2D": POOLING,
    "Rescaling": ("scale", "offset"),
}
LOSSES = {
    "CategoricalCrossentropy": ("from_logits", "label_smoothing", "reduction", "name"),
    "MeanSquaredError": ("reduction", "name"),
    "SparseCategoricalCrossentropy": ("from_logits", "reduction", "name"),
}
METRICS = {
    "BinaryAccuracy": ("name", "threshold"),
    "CategoricalAccuracy": ("name",),
    "MeanSquaredError": ("name",),
    "SparseCategoricalAccuracy": ("name",),
}
OPTIMIZERS = {
    "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon", "name"),
    "SGD": ("learning_rate", "momentum", "nesterov", "name"),
}
INITIALIZERS = {
    "Constant": ("value",),
    "RandomNormal": ("mean", "stddev"),
    "RandomUniform": ("minval", "maxval"),
    "VarianceScaling": ("scale", "mode", "distribution"),
    **dict.fromkeys(
        ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Ones", "Zeros"), ()
    ),
}
HOMES = (initializers, layers, losses, metrics, optimizers)
ACTIVATIONS: dict[Any, str] = {
    np.tanh: "tanh",
    **{function: name for name, function in activations.NAMES.items()},
}


def import_keras() -> Any:
    """Keras, imported without the remarks that TensorFlow makes while it starts.

    Returns:
        The module ``keras``.

    Raises:
        ImportError: When it is not installed.

    Example:
        >>> import minigrad as mg
        >>> keras = mg.interop.import_keras()
        >>> keras.__name__
        'keras'
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and errors only
        with remarks_held_back():
            try:
                import keras
            except ImportError as error:
                raise ImportError(
                    f"Keras with TensorFlow is needed here ({error}): "
                    'pip install -c constraints.txt -e ".[keras]" in the repository installs it'
                ) from error
            keras.ops.zeros(1)  # the first computation makes remarks as well
    return sys.modules["keras"]


@contextmanager
def remarks_held_back() -> Iterator[None]:
    # TensorFlow's C++ writes to the process's standard error, past Python's sys.stderr.
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as remarks:
        os.dup2(remarks.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


# -- to Keras ------------------------------------------------------------------------------
def to_keras(model: Sequential, compile: bool = True) -> Any:
    """The same model in Keras.

    Args:
        model: A model that is built.
        compile: Whether it is compiled alike, and the optimizer's state carried as well.

    Returns:
        A ``keras.Sequential`` with weights of its own: training one leaves the other as it is.

    Raises:
        ImportError: When Keras is not installed.
        TypeError: When it is no model of minigrad's.
        ValueError: When the model is not built, or holds something of one's own that Keras
            does not know: a layer, an activation, a loss.

    Example:
        >>> import minigrad as mg
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        >>> model.compile(mg.optimizers.Adam(0.01), "mse")
        >>> theirs = mg.interop.to_keras(model)
        >>> theirs.optimizer.name, theirs.loss.name
        ('adam', 'mean_squared_error')
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"to_keras takes a minigrad.Sequential, got {model!r:.60}")
    if not model.built:
        raise ValueError(
            f"{model.title} is not built yet, so it has no weights to carry: put mg.Input(shape) "
            "first, or call model.build((None, …))"
        )
    keras = import_keras()
    theirs = sequential_to_keras(model, keras)
    if compile and model.optimizer is not None:
        theirs.compile(
            optimizer=made(keras.optimizers, model.optimizer, OPTIMIZERS, "optimizer"),
            loss=model.loss and made(keras.losses, model.loss, LOSSES, "loss"),
            metrics=[metric_to_keras(metric, keras) for metric in model.metric_names] or None,
        )
        state_to_keras(model, theirs)
    return theirs


def sequential_to_keras(model: Sequential, keras: Any) -> Any:
    assert model.input_layer is not None
    dtype = model.input_layer.given_dtype or np.dtype(model.dtype)
    theirs = keras.Sequential(name=model.name)
    theirs.add(keras.Input(model.input_shape[1:], dtype=dtype.name))
    for layer in model.layers:
        if type(layer) is Sequential:
            theirs.add(sequential_to_keras(layer, keras))
            continue
        theirs.add(layer_to_keras(layer, keras))
        theirs.layers[-1].set_weights(layer.get_weights())
    if not model.trainable:
        theirs.trainable = False
    return theirs


def layer_to_keras(layer: layers.Layer, keras: Any) -> Any:
    arguments = arguments_of(layer, LAYERS, "layer")
    for name, value in arguments.items():
        if name.endswith("_initializer"):
            known = type(value).__name__ in INITIALIZERS
            arguments[name] = made(keras.initializers, value, INITIALIZERS, name) if known else None
        elif name == "activation":
            if value not in ACTIVATIONS:
                raise ValueError(
                    f"{layer.title}: its activation {value!r} is a function of your own; what "
                    f"Keras knows are {', '.join(sorted(set(ACTIVATIONS.values())))}"
                )
            arguments[name] = ACTIVATIONS[value]
    kind = getattr(keras.layers, type(layer).__name__)
    theirs = kind(**arguments, name=layer.name, dtype=layer.dtype)
    theirs.trainable = layer.trainable
    return theirs


def metric_to_keras(metric: Any, keras: Any) -> Any:
    if isinstance(metric, str):
        return metric
    metric = metric() if isinstance(metric, type) else metric
    return made(keras.metrics, metric, METRICS, "metric")


def made(module: Any, thing: Any, table: dict[str, tuple[str, ...]], what: str) -> Any:
    # the class of the same name in a module of Keras's, from the same arguments
    arguments = arguments_of(thing, table, what)
    return getattr(module, type(thing).__name__)(**arguments)


def arguments_of(thing: Any, table: dict[str, tuple[str, ...]], what: str) -> dict[str, Any]:
    kind = type(thing)
    ours = any(vars(home).get(kind.__name__) is kind for home in HOMES)  # not one derived from it
    if not ours or kind.__name__ not in table:
        title = getattr(thing, "title", None) or repr(getattr(thing, "name", thing))
        raise ValueError(
            f"{title} is no {what} of minigrad's, so Keras cannot be told what it does. "
            f"Carried are {', '.join(sorted(table))}."
        )
    arguments = {name: getattr(thing, name) for name in table[kind.__name__]}
    if arguments.get("reduction") == "mean":
        arguments["reduction"] = "sum_over_batch_size"
    return arguments


def state_to_keras(model: Sequential, theirs: Any) -> None:
    # Keras keeps: iterations, learning rate, then for each weight what is remembered of it.
    assert model.optimizer is not None
    theirs.optimizer.build(theirs.trainable_variables)
    theirs.optimizer.iterations.assign(model.optimizer.iterations)
    mine = [a for weight in model.trainable_weights for a in model.optimizer.state(weight)]
    for variable, array in zip(theirs.optimizer.variables[2:], mine, strict=True):
        variable.assign(array)


# -- from Keras ----------------------------------------------------------------------------
def from_keras(keras_model: Any, compile: bool = True) -> Sequential:
    """The same model in minigrad.

    Args:
        keras_model: A ``keras.Sequential`` that is built.
        compile: Whether it is compiled alike, and the optimizer's state carried as well.
            ``False`` takes models whose optimizer or loss minigrad does not cover.

    Returns:
        A model with weights of its own.

    Raises:
        TypeError: When it is no ``keras.Sequential``.
        ValueError: When the model is not built, or uses a layer, an argument, a loss, a metric
            or an optimizer that minigrad does not cover. The error names it.

    Example:
        >>> import minigrad as mg
        >>> keras = mg.interop.import_keras()
        >>> theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> mg.interop.from_keras(theirs).count_params()
        15
        >>> theirs.add(keras.layers.BatchNormalization(name="norm"))
        >>> mg.interop.from_keras(theirs)
        Traceback (most recent call last):
        ValueError: from_keras: BatchNormalization "norm" is not covered by minigrad. Covered are
        Activation, AveragePooling2D, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling.
    """
    keras = import_keras()
    if not isinstance(keras_model, keras.Sequential):
        raise TypeError(
            f"from_keras takes a keras.Sequential, got {type(keras_model).__name__}: minigrad's "
            "models are layers in a row"
        )
    if not keras_model.built:
        raise ValueError(
            f'from_keras: Sequential "{keras_model.name}" is not built yet, so it has no weights '
            "to carry: put keras.Input(shape) first"
        )
    model = sequential_from_keras(keras_model, keras)
    if compile and keras_model.compiled:
        told = keras_model.get_compile_config()
        model.compile(
            optimizer=optimizer_from_keras(told["optimizer"]),
            loss=thing_from_keras(told["loss"], losses, LOSSES, "loss"),
            metrics=[
                thing_from_keras(metric, metrics, METRICS, "metric")
                for metric in told.get("metrics") or ()
            ],
            loss_weights=told.get("loss_weights"),
            weighted_metrics=told.get("weighted_metrics"),
        )
        state_from_keras(keras_model, model)
    return model


def sequential_from_keras(keras_model: Any, keras: Any) -> Sequential:
    dtype = keras_model.inputs[0].dtype
    own = "float32" if not keras_model.layers else keras_model.layers[0].variable_dtype
    given = None if dtype == own else dtype
    parts: list[Any] = [layers.Input(keras_model.input_shape[1:], dtype=given)]
    for theirs in keras_model.layers:
        if isinstance(theirs, keras.Sequential):
            parts.append(sequential_from_keras(theirs, keras))
        else:
            parts.append(layer_from_keras(theirs, keras))
    model = Sequential(parts, name=keras_model.name)
    model.dtype = np.dtype(own).name
    for mine, theirs in zip(model.layers, keras_model.layers, strict=True):
        if not isinstance(mine, Sequential):
            mine.set_weights([weight.numpy() for weight in theirs.weights])
    model.trainable = keras_model.trainable
    return model


def layer_from_keras(theirs: Any, keras: Any) -> layers.Layer:
    kind = type(theirs).__name__
    title = f'from_keras: {kind} "{theirs.name}"'
    if kind not in LAYERS or type(theirs) is not getattr(keras.layers, kind):
        raise ValueError(
            f"{title} is not covered by minigrad. Covered are {', '.join(sorted(LAYERS))}."
        )
    if theirs.dtype_policy.name not in config.FLOATS:
        raise ValueError(
            f"{title} computes in {theirs.dtype_policy.name}; minigrad's dtypes are "
            f"{' and '.join(config.FLOATS)}"
        )
    arguments = {}
    taken = inspect.signature(getattr(layers, kind)).parameters
    for name, value in theirs.get_config().items():
        if name in ("name", "trainable", "dtype", "build_config"):
            continue
        if name not in taken and value is not None:
            raise ValueError(f"{title}: {name}={value!r} is not covered by minigrad")
        if name.endswith("_initializer"):
            known = value and value["class_name"] in INITIALIZERS
            value = thing_from_keras(value, initializers, INITIALIZERS, name) if known else "zeros"
        elif name == "activation" and not isinstance(value, str) and value is not None:
            raise ValueError(f"{title}: its activation is {describe(value)}, not covered")
        if name in taken:
            arguments[name] = value
    layer = getattr(layers, kind)(**arguments, name=theirs.name, dtype=theirs.variable_dtype)
    layer.trainable = theirs.trainable
    return layer


def thing_from_keras(told: Any, module: Any, table: dict[str, tuple[str, ...]], what: str) -> Any:
    # Keras tells a name, or a class with its arguments.
    if told is None or isinstance(told, str):
        return told
    kind = told["class_name"] if isinstance(told, dict) and "class_name" in told else None
    if kind not in table:
        raise ValueError(
            f"from_keras: the {what} {describe(told)} is not covered by minigrad; compile=False "
            f"leaves it out. Covered are {', '.join(sorted(table))}."
        )
    taken = inspect.signature(getattr(module, kind)).parameters
    return getattr(module, kind)(
        **{
            name: value
            for name, value in told["config"].items()
            if name in taken and not (name == "dtype" or name == "seed")
        }
    )


def optimizer_from_keras(told: Any) -> Any:
    if isinstance(told, dict) and told.get("class_name") in OPTIMIZERS:
        rate = told["config"]["learning_rate"]
        if not isinstance(rate, dict):  # a schedule, which is refused by name
            # Keras holds it in float32: 0.01 is told as 0.009999999776482582
            rate = float(str(np.float32(rate)))
        return getattr(optimizers, told["class_name"])(**{**told["config"], "learning_rate": rate})
    return thing_from_keras(told, optimizers, OPTIMIZERS, "optimizer")


def describe(told: Any) -> str:
    told = told.get("class_name", told) if isinstance(told, dict) else told
    return f"{told!r:.60}"


def state_from_keras(keras_model: Any, model: Sequential) -> None:
    assert model.optimizer is not None
    if not keras_model.optimizer.built:
        return
    model.optimizer.iterations = int(keras_model.optimizer.iterations)
    mine = [a for weight in model.trainable_weights for a in model.optimizer.state(weight)]
    for array, variable in zip(mine, keras_model.optimizer.variables[2:], strict=True):
        array[...] = variable.numpy()
