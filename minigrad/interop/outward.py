"""From minigrad to Keras."""

import inspect
from typing import Any

import numpy as np

from minigrad import initializers, layers, losses, metrics, optimizers, regularizers
from minigrad.interop.common import ACTIVATIONS, covered, memories, remembered
from minigrad.interop.importing import import_keras
from minigrad.layers.base import Formula
from minigrad.layers.tensors import with_tensors
from minigrad.model import Model, Sequential
from minigrad.model.several import Together
from minigrad.optimizers import schedules
from minigrad.shared.arguments import title


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
            loss=model.loss and loss_to_keras(model.loss, keras),
            loss_weights=getattr(model.loss, "weights", None),
            metrics=metric_to_keras(list(model._metric_names), keras) or None,
        )
        state_to_keras(model, theirs)
    return theirs


def holder_of_weights(model: Model) -> Any:
    """A model of Keras's with these weights, whose files are those of the same model in Keras.

    What Keras does not know, such as a layer of one's own, has a stand-in that computes nothing.
    """
    return model_to_keras(model, import_keras(), stand_ins=True)


def model_to_keras(model: Any, keras: Any, stand_ins: bool = False) -> Any:
    """A model, or a layer of one, in Keras and with its weights."""
    whole = type(model) in (Model, Sequential) and model.outputs
    if whole:
        convert = graph_to_keras if type(model) is Model else sequential_to_keras
        theirs = convert(model, keras, stand_ins)
        theirs.set_weights(model.get_weights())
        if not model.trainable:  # which says it of all layers
            theirs.trainable = False
        return theirs
    try:
        return layer_to_keras(model, keras)
    except ValueError:
        if not stand_ins:
            raise
        return stand_in(model, keras)


def stand_in(layer: layers.Layer, keras: Any) -> Any:
    """What holds the weights of a layer where Keras would hold them: files go by these places."""
    base = keras.Model if isinstance(layer, Model) else keras.layers.Layer
    methods = {
        "call": lambda self, inputs: inputs,
        "compute_output_shape": lambda self, shape: layer.compute_output_shape(shape),
    }
    theirs = type(type(layer).__name__, (base,), methods)(name=layer.name, dtype=layer.dtype)
    for weight in layer._own:
        held = theirs.add_weight(weight.shape, "zeros", trainable=weight.trainable)
        held.assign(np.array(weight.value))

    def part(held: layers.Layer) -> Any:
        known = not held.weights or (isinstance(held, Model) and held.inputs)
        return model_to_keras(held, keras, True) if known else stand_in(held, keras)

    for name, value in vars(layer).items():
        if isinstance(value, layers.Layer):
            setattr(theirs, name, part(value))
        elif isinstance(value, (list, tuple)) and not name.startswith("_"):
            setattr(theirs, name, [part(each) for each in value if isinstance(each, layers.Layer)])
    theirs.built = True
    return theirs


def graph_to_keras(model: Model, keras: Any, stand_ins: bool) -> Any:
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
            made[layer] = model_to_keras(layer, keras, stand_ins)
        found[tensor] = made[layer](given if tensor._several else given[0])
    ends = [[found[tensor] for tensor in end] for end in (model.inputs, model.outputs)]
    several = zip(ends, model._several, strict=True)
    return keras.Model(*(end if many else end[0] for end, many in several), name=model.name)


def sequential_to_keras(model: Sequential, keras: Any, stand_ins: bool) -> Any:
    dtype = model.inputs[0]._layer._given_dtype or np.dtype(model.dtype)
    theirs = keras.Sequential(name=model.name)
    theirs.add(keras.Input(model.input_shape[1:], dtype=dtype.name))
    for layer in model.layers:
        theirs.add(model_to_keras(layer, keras, stand_ins))
    return theirs


def layer_to_keras(layer: layers.Layer, keras: Any) -> Any:
    kind = covered_kind(layer, layers, "layer")
    theirs = getattr(keras.layers, kind)
    taken = set(inspect.signature(theirs).parameters) - {"name", "dtype", "trainable"}
    arguments = {name: value for name, value in layer.get_config().items() if name in taken}
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
    made_of = theirs(**arguments, name=layer.name, dtype=layer.dtype)
    made_of.trainable = layer.trainable
    return made_of


def loss_to_keras(loss: Any, keras: Any) -> Any:
    if isinstance(loss, Together):
        return [part and made(keras.losses, part, losses, "loss") for part in loss.parts]
    return made(keras.losses, loss, losses, "loss")


def metric_to_keras(metric: Any, keras: Any) -> Any:
    if isinstance(metric, list):  # also those of several outputs
        return [metric_to_keras(each, keras) for each in metric]
    if metric is None or isinstance(metric, str):
        return metric
    if isinstance(metric, dict):  # as Keras has told it
        return keras.metrics.deserialize(metric)
    metric = metric() if isinstance(metric, type) else metric
    return made(keras.metrics, metric, metrics, "metric")


def made(theirs: Any, thing: Any, module: Any, what: str) -> Any:
    # the class of the same name in a module of Keras's, from the same arguments
    kind = getattr(theirs, covered_kind(thing, module, what))
    told = thing.get_config()
    if "seed" in told:
        told["seed"] = None  # the weights are carried as they are
    return kind.from_config(told)


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


def optimizer_to_keras(optimizer: optimizers.Optimizer, keras: Any) -> Any:
    kind = covered_kind(optimizer, optimizers, "optimizer")
    rate = optimizer._learning_rate
    if isinstance(rate, schedules.LearningRateSchedule):
        covered_kind(rate, schedules, "schedule")
    return getattr(keras.optimizers, kind).from_config(optimizer.get_config())


def state_to_keras(model: Model, theirs: Any) -> None:
    optimizer: Any = model.optimizer
    theirs.optimizer.build(theirs.trainable_variables)
    theirs.optimizer.iterations.assign(optimizer.iterations)
    mine = memories(model)
    if isinstance(optimizer, optimizers.Nadam):
        mine.append(np.array(optimizer._product))
    for variable, array in zip(remembered(theirs.optimizer), mine, strict=True):
        variable.assign(np.array(array))  # a copy: JAX would share the memory
