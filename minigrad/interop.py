"""Models to Keras and back: layers, weights, what was compiled, and the optimizer's memory.

minigrad is for understanding. A reader who outgrows it hands the model over and goes on
with the same weights on whatever Keras runs on, and can come back.

What is carried: every layer, loss, metric and optimizer of minigrad's, names, dtypes, weights
and which of them are trainable; the learning rate or its schedule, the number of steps taken, and
what the optimizer remembers of each weight. What is not: the state of random generators (dropout goes on with other
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
    <Dense "d": 8 weights>
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

from minigrad import (
    activations,
    config,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from minigrad.layers.base import Formula
from minigrad.layers.tensors import with_tensors
from minigrad.model import Model, Sequential
from minigrad.optimizers import schedules
from minigrad.shared import lookup
from minigrad.shared.arguments import configuration, default_name, taken, title

__all__ = ["from_keras", "import_keras", "to_keras"]

# Whatever has the same name in both libraries is carried, made from the arguments that it keeps.
BASES: dict[Any, type] = {
    initializers: initializers.Initializer,
    layers: layers.Layer,
    losses: losses.Loss,
    metrics: metrics.Metric,
    optimizers: optimizers.Optimizer,
    regularizers: regularizers.Regularizer,
    schedules: schedules.LearningRateSchedule,
}
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
def to_keras(model: Model, compile: bool = True) -> Any:
    """The same model in Keras.

    Args:
        model: A model that is built.
        compile: Whether it is compiled alike, and the optimizer's state carried as well.

    Returns:
        A ``keras.Sequential`` or ``keras.Model`` with weights of its own: training one leaves
        the other as it is.

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
    if not isinstance(model, Model):
        raise TypeError(f"to_keras takes a model of minigrad's, got {model!r:.60}")
    if not model.built:
        raise ValueError(
            f"{title(model)} is not built yet, so it has no weights to carry: put mg.Input(shape) "
            "first, or call model.build((None, …))"
        )
    keras = import_keras()
    theirs = model_to_keras(model, keras)
    if compile and model.optimizer is not None:
        theirs.compile(
            optimizer=optimizer_to_keras(model.optimizer, keras),
            loss=model.loss and made(keras.losses, model.loss, losses, "loss"),
            metrics=[metric_to_keras(metric, keras) for metric in model._metric_names] or None,
        )
        state_to_keras(model, theirs)
    return theirs


def model_to_keras(model: Any, keras: Any) -> Any:
    """A model, or a layer of one, in Keras and with its weights."""
    if type(model) is Sequential:
        return sequential_to_keras(model, keras)
    if type(model) is Model and model.outputs:
        return graph_to_keras(model, keras)
    return layer_to_keras(model, keras)


def graph_to_keras(model: Model, keras: Any) -> Any:
    found: dict[Any, Any] = {}
    for tensor in model.inputs:
        dtype = tensor._layer._given_dtype or np.dtype(model.dtype)
        found[tensor] = keras.Input(tensor.shape[1:], dtype=dtype.name, name=tensor.name)
    made: dict[Any, Any] = {}
    for tensor in model._between:
        layer, given = tensor._layer, [found[source] for source in tensor._inputs]
        if isinstance(layer, Formula):
            function = getattr(keras.ops, layer._function.__name__, None)
            if function is None:
                raise ValueError(f"{title(layer)}: Keras has no function of its name")
            arguments = with_tensors(layer._arguments, iter(given))
            found[tensor] = function(*arguments, **layer._options)
            continue
        if layer not in made:
            made[layer] = model_to_keras(layer, keras)
        found[tensor] = made[layer](given if tensor._several else given[0])
        made[layer].set_weights(layer.get_weights())
    ends = [[found[tensor] for tensor in end] for end in (model.inputs, model.outputs)]
    several = zip(ends, model._several, strict=True)
    theirs = keras.Model(*(end if many else end[0] for end, many in several), name=model.name)
    theirs.trainable = model.trainable
    return theirs


def sequential_to_keras(model: Sequential, keras: Any) -> Any:
    dtype = model.inputs[0]._layer._given_dtype or np.dtype(model.dtype)
    theirs = keras.Sequential(name=model.name)
    theirs.add(keras.Input(model.input_shape[1:], dtype=dtype.name))
    for layer in model.layers:
        theirs.add(model_to_keras(layer, keras))
        theirs.layers[-1].set_weights(layer.get_weights())
    if not model.trainable:
        theirs.trainable = False
    return theirs


def layer_to_keras(layer: layers.Layer, keras: Any) -> Any:
    kind = covered_kind(layer, layers, "layer")
    arguments = arguments_for(getattr(keras.layers, kind), layer)
    for name, value in arguments.items():
        if name.endswith("_initializer"):
            known = type(value).__name__ in covered(initializers)
            arguments[name] = made(keras.initializers, value, initializers, name) if known else None
        elif name.endswith("_regularizer") and value is not None:
            arguments[name] = made(keras.regularizers, value, regularizers, "regularizer")
        elif name == "activation":
            if value not in ACTIVATIONS:
                raise ValueError(
                    f"{title(layer)}: its activation {value!r} is a function of your own; what "
                    f"Keras knows are {', '.join(sorted(set(ACTIVATIONS.values())))}"
                )
            arguments[name] = ACTIVATIONS[value]
    theirs = getattr(keras.layers, kind)(**arguments, name=layer.name, dtype=layer.dtype)
    theirs.trainable = layer.trainable
    return theirs


def metric_to_keras(metric: Any, keras: Any) -> Any:
    if isinstance(metric, str):
        return metric
    metric = metric() if isinstance(metric, type) else metric
    return made(keras.metrics, metric, metrics, "metric")


def made(theirs: Any, thing: Any, module: Any, what: str) -> Any:
    # the class of the same name in a module of Keras's, from the same arguments
    kind = getattr(theirs, covered_kind(thing, module, what))
    arguments = arguments_for(kind, thing)
    if what.endswith("initializer"):
        arguments.pop("seed", None)  # the weights are carried as they are
    return kind(**arguments, **({"name": thing.name} if hasattr(thing, "name") else {}))


def covered(module: Any) -> list[str]:
    """The classes of a module of minigrad's that Keras has under the same name."""
    things = [getattr(module, name) for name in module.__all__]
    base = BASES[module]
    kinds = [t for t in things if isinstance(t, type) and issubclass(t, base) and t is not base]
    return sorted({kind.__name__ for kind in kinds} - {"InputLayer"})


def covered_kind(thing: Any, module: Any, what: str) -> str:
    """The name of a thing's class, if that is one of the module's."""
    kind = type(thing).__name__
    if type(thing) is not getattr(module, kind, None) or kind not in covered(module):
        called = title(thing) if module is layers else repr(getattr(thing, "name", thing))
        raise ValueError(
            f"{called} is no {what} of minigrad's, so Keras cannot be told what it does. "
            f"Carried are {', '.join(covered(module))}."
        )
    return kind


def arguments_for(kind: Any, thing: Any) -> dict[str, Any]:
    """What a class of Keras's takes of what a thing was made with, but for common arguments."""
    taken = set(inspect.signature(kind).parameters) - {"name", "dtype", "trainable"}
    arguments = {k: v for k, v in configuration(thing).items() if k in taken}
    if arguments.get("reduction") == "mean":
        arguments["reduction"] = "sum_over_batch_size"
    return arguments


def optimizer_to_keras(optimizer: optimizers.Optimizer, keras: Any) -> Any:
    kind = covered_kind(optimizer, optimizers, "optimizer")
    rate = optimizer._learning_rate
    if isinstance(rate, schedules.LearningRateSchedule):
        covered_kind(rate, schedules, "schedule")
    return getattr(keras.optimizers, kind).from_config(optimizer.get_config())


def memories(model: Model) -> list[np.ndarray]:
    """What the optimizer remembers of all weights, in the order that Keras keeps it in."""
    optimizer: Any = model.optimizer
    kept = [optimizer.state(weight) for weight in model.trainable_weights]
    if not isinstance(optimizer, optimizers.RMSprop):  # weight by weight
        return [array for each in kept for array in each]
    kinds = list(zip(*kept, strict=True))  # first of all weights one thing, then another
    return [array for i, each in enumerate(kinds) if i != 1 or optimizer.momentum for array in each]


def remembered(optimizer: Any) -> list[Any]:
    """The same in an optimizer of Keras's; Nadam has a number besides, which is the last."""
    return [v for v in optimizer.variables if v.name not in ("iteration", "learning_rate")]


def state_to_keras(model: Model, theirs: Any) -> None:
    optimizer: Any = model.optimizer
    theirs.optimizer.build(theirs.trainable_variables)
    theirs.optimizer.iterations.assign(optimizer.iterations)
    mine = memories(model)
    if isinstance(optimizer, optimizers.Nadam):
        mine.append(np.array(optimizer._product))
    for variable, array in zip(remembered(theirs.optimizer), mine, strict=True):
        variable.assign(np.array(array))  # a copy: JAX would share the memory


# -- from Keras ----------------------------------------------------------------------------
def from_keras(keras_model: Any, compile: bool = True) -> Model:
    """The same model in minigrad.

    Args:
        keras_model: A ``keras.Sequential`` that is built, or a ``keras.Model`` of inputs and
            outputs.
        compile: Whether it is compiled alike, and the optimizer's state carried as well.
            ``False`` takes models whose optimizer or loss minigrad does not cover.

    Returns:
        A model with weights of its own.

    Raises:
        TypeError: When it is none of the two.
        ValueError: When the model is not built, or uses a layer, an argument, a loss, a metric
            or an optimizer that minigrad does not cover. The error names it.

    Example:
        >>> import minigrad as mg
        >>> keras = mg.interop.import_keras()
        >>> theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> mg.interop.from_keras(theirs).count_params()
        15
        >>> theirs.add(keras.layers.LayerNormalization(name="norm"))
        >>> mg.interop.from_keras(theirs)
        Traceback (most recent call last):
        ValueError: from_keras: LayerNormalization "norm" is not covered by minigrad. Covered are
        Activation, Add, AveragePooling2D, ...
    """
    keras = import_keras()
    if not isinstance(keras_model, keras.Sequential) and not is_graph(keras_model, keras):
        raise TypeError(
            f"from_keras takes a keras.Sequential or a keras.Model of inputs and outputs, got "
            f"{type(keras_model).__name__}"
        )
    if not keras_model.built:
        raise ValueError(
            f'from_keras: Sequential "{keras_model.name}" is not built yet, so it has no weights '
            "to carry: put keras.Input(shape) first"
        )
    model = model_from_keras(keras_model, keras)
    if compile and keras_model.compiled:
        told = keras_model.get_compile_config()
        model.compile(
            optimizer=optimizer_from_keras(told["optimizer"]),
            loss=thing_from_keras(told["loss"], losses, "loss"),
            metrics=[
                thing_from_keras(metric, metrics, "metric") for metric in told.get("metrics") or ()
            ],
            loss_weights=told.get("loss_weights"),
            weighted_metrics=told.get("weighted_metrics"),
        )
        state_from_keras(keras_model, model)
    return model


def is_graph(keras_model: Any, keras: Any) -> bool:
    """Whether it is a model of Keras's that was made from inputs and outputs."""
    return isinstance(keras_model, keras.Model) and type(keras_model).__name__ == "Functional"


def model_from_keras(theirs: Any, keras: Any) -> Any:
    """A model of Keras's, or a layer of one, in minigrad."""
    if isinstance(theirs, keras.Sequential):
        return sequential_from_keras(theirs, keras)
    return (
        graph_from_keras(theirs, keras)
        if is_graph(theirs, keras)
        else layer_from_keras(theirs, keras)
    )


def formula_from_keras(operation: Any) -> Any:
    """NumPy's function of the name of an operation of Keras's: ``x + y`` has no layer."""
    function = getattr(np, default_name(type(operation)), None)
    if not isinstance(function, np.ufunc):
        raise ValueError(f"from_keras: {operation.name!r} is not covered by minigrad")
    return function


def graph_from_keras(keras_model: Any, keras: Any) -> Model:
    found: dict[int, Any] = {}
    made: dict[int, Any] = {}
    for tensor in keras_model.inputs:
        name = tensor._keras_history.operation.name
        given = None if tensor.dtype in config.FLOATS else tensor.dtype
        found[id(tensor)] = layers.Input(tensor.shape[1:], name=name, dtype=given)

    def mine(tensor: Any) -> Any:
        if not isinstance(tensor, keras.KerasTensor):
            return tensor  # a number in a formula
        if id(tensor) not in found:
            operation, number, _ = tensor._keras_history
            found[id(tensor)] = called(operation, operation._inbound_nodes[number])
        return found[id(tensor)]

    def called(operation: Any, node: Any) -> Any:
        given = node.arguments.args
        arguments = [list(map(mine, a)) if isinstance(a, (list, tuple)) else mine(a) for a in given]
        if not isinstance(operation, keras.layers.Layer):
            return formula_from_keras(operation)(*arguments)
        if id(operation) not in made:
            made[id(operation)] = model_from_keras(operation, keras)
        layer = made[id(operation)]
        result = layer(arguments[0])
        if not isinstance(layer, Model):
            layer.set_weights([weight.numpy() for weight in operation.weights])
        return result

    ends = []
    for given, told in (
        (keras_model.inputs, keras_model._inputs_struct),
        (keras_model.outputs, keras_model._outputs_struct),
    ):
        tensors = [mine(tensor) for tensor in given]
        ends.append(tensors if isinstance(told, (list, tuple)) else tensors[0])
    model = Model(ends[0], ends[1], name=keras_model.name)
    model._trainable = bool(keras_model.trainable)
    return model


def sequential_from_keras(keras_model: Any, keras: Any) -> Sequential:
    dtype = keras_model.inputs[0].dtype
    own = "float32" if not keras_model.layers else keras_model.layers[0].variable_dtype
    given = None if dtype == own else dtype
    parts: list[Any] = [layers.Input(keras_model.input_shape[1:], dtype=given)]
    for theirs in keras_model.layers:
        parts.append(model_from_keras(theirs, keras))
    model = Sequential(parts, name=keras_model.name)
    model.dtype = np.dtype(own).name
    for mine, theirs in zip(model.layers, keras_model.layers, strict=True):
        if not isinstance(mine, Model):
            mine.set_weights([weight.numpy() for weight in theirs.weights])
    model._trainable = bool(keras_model.trainable)
    return model


def layer_from_keras(theirs: Any, keras: Any) -> layers.Layer:
    kind = type(theirs).__name__
    called = f'from_keras: {kind} "{theirs.name}"'
    if kind not in covered(layers) or type(theirs) is not getattr(keras.layers, kind):
        raise ValueError(
            f"{called} is not covered by minigrad. Covered are {', '.join(covered(layers))}."
        )
    if theirs.dtype_policy.name not in config.FLOATS:
        raise ValueError(
            f"{called} computes in {theirs.dtype_policy.name}; minigrad's dtypes are "
            f"{' and '.join(config.FLOATS)}"
        )
    arguments = {}
    known = taken(getattr(layers, kind))
    usual = {n: p.default for n, p in inspect.signature(type(theirs)).parameters.items()}
    for name, value in theirs.get_config().items():
        if name in ("name", "trainable", "dtype", "build_config"):
            continue
        if name not in known and value is not None and value != usual.get(name):
            raise ValueError(f"{called}: {name}={value!r} is not covered by minigrad")
        if name.endswith("_initializer"):
            fits = value and value["class_name"] in covered(initializers)
            value = thing_from_keras(value, initializers, name) if fits else "zeros"
        elif name.endswith("_regularizer") and name in known:
            with lookup.of_argument(called, name):
                value = thing_from_keras(value, regularizers, "regularizer")
        elif name == "activation" and not isinstance(value, str) and value is not None:
            raise ValueError(f"{called}: its activation is {describe(value)}, not covered")
        if name in known:
            arguments[name] = value
    layer = getattr(layers, kind)(**arguments, name=theirs.name, dtype=theirs.variable_dtype)
    layer.trainable = theirs.trainable
    return layer


def thing_from_keras(told: Any, module: Any, what: str) -> Any:
    # Keras tells a name, or a class with its arguments.
    if told is None or isinstance(told, str):
        return told
    kind = told["class_name"] if isinstance(told, dict) and "class_name" in told else None
    if kind not in covered(module):
        raise ValueError(
            f"from_keras: the {what} {describe(told)} is not covered by minigrad; compile=False "
            f"leaves it out. Covered are {', '.join(covered(module))}."
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
    if not isinstance(told, dict) or told.get("class_name") not in covered(optimizers):
        return thing_from_keras(told, optimizers, "optimizer")
    rate = told["config"]["learning_rate"]
    if not isinstance(rate, dict):
        # Keras holds it in float32: 0.01 is told as 0.009999999776482582
        rate = float(str(np.float32(rate)))
    return optimizers.get({**told, "config": {**told["config"], "learning_rate": rate}})


def describe(told: Any) -> str:
    told = told.get("class_name", told) if isinstance(told, dict) else told
    return f"{told!r:.60}"


def state_from_keras(keras_model: Any, model: Model) -> None:
    assert model.optimizer is not None
    if not keras_model.optimizer.built:
        return
    model.optimizer.iterations = int(keras_model.optimizer.iterations)
    for array, variable in zip(memories(model), remembered(keras_model.optimizer), strict=False):
        array[...] = variable.numpy()
