"""What Keras differentiates with: its own training step, traced, and the operations counted.

TensorFlow records the operations of the forward sweep on a tape and runs the tape backward; a
traced graph says so itself, because the operations of the backward sweep are named after the tape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minigrad_course.studies.studies import KERAS, Measurement, for_each, ready

__all__ = [
    "by_layer",
    "loss_and_gradients",
    "measure",
    "plan",
    "rounds_of_sweep",
    "summarize",
    "traced",
]


def plan(programs: Sequence[str], quick: bool) -> list[Measurement]:
    """One tracing, where Keras takes part; arguments as in the other studies.

    Example:
        >>> plan(["minigrad"], quick=True)
        []
    """
    return for_each("keras_graph", [KERAS] if KERAS in programs else [], 1, 1, 1)


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Trace ``model.train_step`` and count its operations.

    Args:
        task: A :meth:`~minigrad_course.studies.studies.Measurement.task`.

    Returns:
        ``operations`` in all, and how many of them are named after the ``tape``.
    """
    peer, (x, y) = ready(task)()

    import tensorflow as tf

    names = operation_names(tf.function(peer.model.train_step), tf.constant(x), tf.constant(y))
    return {"operations": len(names), "tape": sum("gradient_tape" in name for name in names)}


def operation_names(step: Any, x: Any, y: Any) -> list[str]:
    """The names of all operations of a traced training step."""
    graph = step.get_concrete_function((x, y)).graph
    return [operation.name for operation in graph.get_operations()]


def summarize(results: Sequence[tuple[Measurement, dict[str, Any]]]) -> dict[str, Any]:
    """The counts, or nothing where Keras took no part."""
    return {name: result[name] for _, result in results for name in ("operations", "tape")}


# -- what lecture 05 shows of it --------------------------------------------------------------
COMPUTING = ("Conv2D", "BiasAdd", "Relu", "Elu", "MatMul", "Softmax", "Reshape")


def loss_and_gradients(model: Any, x: Any, y: Any) -> tuple[Any, list[Any]]:
    """The loss of a Keras model on a batch, and its gradient for each weight, by the tape.

    Args:
        model: A compiled model of Keras's on TensorFlow.
        x: Samples, an array of shape (batch, …).
        y: Their targets.
    """
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = model.loss(y, model(x, training=True))
    return loss, tape.gradient(loss, model.trainable_variables)


def traced(model: Any, x: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """TensorFlow's operations for the loss, and those of the sweep back, in the graph's order.

    Args:
        model: A compiled model of Keras's on TensorFlow.
        x: Samples, an array of shape (batch, …).
        y: Their targets.
    """
    import tensorflow as tf

    alone = tf.function(lambda x, y: model.loss(y, model(x, training=True)))
    both = tf.function(lambda x, y: loss_and_gradients(model, x, y))
    forward, everything = (
        f.get_concrete_function(x, y).graph.get_operations() for f in (alone, both)
    )
    return forward, [o for o in everything if o.name.startswith("gradient_tape")]


def by_layer(operations: Sequence[Any], model: Any) -> dict[str, list[str]]:
    """The operations that compute something, by the layer whose name they carry, in their order.

    Args:
        operations: Operations of a graph.
        model: The model of Keras's that they belong to.
    """
    found: dict[str, list[str]] = {}
    names = [layer.name for layer in model.layers]
    for operation in operations:
        parts = [re.sub(r"_\d+$", "", part) for part in operation.name.split("/")]
        layer = next((part for part in parts if part in names), None)
        if layer is not None:
            kinds = found.setdefault(layer, [])
            kinds += [operation.type] if operation.type.startswith(COMPUTING) else []
    return found


def rounds_of_sweep(times: int) -> int:
    """How many operations TensorFlow's sweep back has for x ← sin(x)·x, so many times.

    Args:
        times: How often.
    """
    import tensorflow as tf

    def slope(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(times):
                y = tf.sin(y) * y
        return tape.gradient(y, x)

    graph = tf.function(slope).get_concrete_function(tf.TensorSpec((), "float32")).graph
    return sum(o.name.startswith("gradient_tape") for o in graph.get_operations())
