"""What Keras differentiates with: its own training step, traced, and the operations counted.

A symbolic derivative is an expression, made by rules from an expression. TensorFlow records the
operations of the forward sweep on a tape and runs the tape backward; a traced graph says so
itself, because the operations of the backward sweep are named after the tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad_course.studies.studies import KERAS, Measurement, for_each, ready

__all__ = ["measure", "plan", "summarize"]


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
