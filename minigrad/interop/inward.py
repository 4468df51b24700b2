"""From Keras to minigrad."""

import inspect
from typing import Any

import numpy as np

from minigrad import config, initializers, layers
from minigrad.interop.common import covered, memories, remembered
from minigrad.interop.importing import import_keras
from minigrad.model import Model, Sequential
from minigrad.shared.arguments import default_name, taken


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
        Activation, Add, Average, ...
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
    model.set_weights(keras_model.get_weights())
    if compile and keras_model.compiled:
        told = keras_model.get_compile_config()
        known = ("loss", "loss_weights", "metrics", "weighted_metrics")
        try:
            optimizer = optimizer_from_keras(told["optimizer"])
            model.compile(optimizer, **{name: told.get(name) for name in known})
        except ValueError as error:
            raise ValueError(f"from_keras: {error} compile=False leaves it out.") from None
        state_from_keras(keras_model, model)
    return model


def is_graph(keras_model: Any, keras: Any) -> bool:
    """Whether it is a model of Keras's that was made from inputs and outputs."""
    return isinstance(keras_model, keras.Model) and type(keras_model).__name__ == "Functional"


def model_from_keras(theirs: Any, keras: Any) -> Any:
    """A model of Keras's, or a layer of one, in minigrad."""
    if not isinstance(theirs, keras.Sequential) and not is_graph(theirs, keras):
        return layer_from_keras(theirs, keras)
    graph = is_graph(theirs, keras)
    model = graph_from_keras(theirs, keras) if graph else sequential_from_keras(theirs, keras)
    if not theirs.trainable:  # which says it of all layers
        model.trainable = False
    return model


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
        return made[id(operation)](arguments[0])

    inputs, outputs = list(map(mine, keras_model.inputs)), list(map(mine, keras_model.outputs))
    return Model(
        as_told(inputs, keras_model._inputs_struct),
        as_told(outputs, keras_model._outputs_struct),
        name=keras_model.name,
    )


def as_told(tensors: list[Any], structure: Any) -> Any:
    """The tensors as Keras was given them: a list, or the only one."""
    return tensors if isinstance(structure, (list, tuple)) else tensors[0]


def sequential_from_keras(keras_model: Any, keras: Any) -> Sequential:
    dtype = keras_model.inputs[0].dtype
    own = "float32" if not keras_model.layers else keras_model.layers[0].variable_dtype
    given = None if dtype == own else dtype
    parts: list[Any] = [layers.Input(keras_model.input_shape[1:], dtype=given)]
    parts += [model_from_keras(theirs, keras) for theirs in keras_model.layers]
    model = Sequential(parts, name=keras_model.name)
    model.dtype = np.dtype(own).name
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
        if name.endswith("_initializer"):  # which has done its work
            fits = value and value["class_name"] in covered(initializers)
            value = without_seed(value) if fits else "zeros"
        elif name == "activation" and not isinstance(value, str) and value is not None:
            raise ValueError(f"{called}: its activation is {value!r:.60}, not covered")
        if name in known:
            arguments[name] = value
    try:
        layer = getattr(layers, kind)(**arguments, name=theirs.name, dtype=theirs.variable_dtype)
    except ValueError as error:
        raise ValueError(f"{called}: {str(error).removeprefix(f'{kind}: ')}") from None
    layer.trainable = theirs.trainable
    return layer  # type: ignore[no-any-return]


def without_seed(told: Any) -> Any:
    return {**told, "config": {n: v for n, v in told["config"].items() if n != "seed"}}


def optimizer_from_keras(told: Any) -> Any:
    rate = told["config"].get("learning_rate")
    if not isinstance(rate, dict):
        # Keras holds it in float32: 0.01 is told as 0.009999999776482582
        rate = float(str(np.float32(rate)))
    return {**told, "config": {**told["config"], "learning_rate": rate}}


def state_from_keras(keras_model: Any, model: Model) -> None:
    assert model.optimizer is not None
    if not keras_model.optimizer.built:
        return
    model.optimizer.iterations = int(keras_model.optimizer.iterations)
    for array, variable in zip(memories(model), remembered(keras_model.optimizer), strict=False):
        array[...] = variable.numpy()
