"""What the sweeps refuse, and what they lock: no order, no value, no memory by mistake."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.graph.kinds import Constant, Operator
from minigrad.graph.node import Node


def check_order(called: str, order: Any) -> None:
    """Whether it is an order in which nodes can be computed.

    Args:
        called: The sweep along it, for the errors.
        order: What was given.

    Raises:
        TypeError: When it is no sequence of nodes.
        ValueError: When it is empty, or an operator stands before one of its inputs.
    """
    if isinstance(order, Node) or not isinstance(order, Sequence):
        raise TypeError(
            f"{called} wants the nodes in their order: mg.{called}(mg.topological_sort(y)); "
            f"got {order!r:.60}"
        )
    if not order:
        raise ValueError(f"{called}: the order is empty")
    done: set[Node] = set()
    for node in order:
        for source in node.inputs:
            if source not in done and isinstance(source, Operator):
                raise ValueError(
                    f"{node.title} needs {source.title}, which does not come before it in "
                    "the order: mg.topological_sort gives one that can be computed"
                )
        done.add(node)


def check_values(order: Sequence[Node]) -> None:
    """Whether all values are there, of one forward sweep, and all gradients have a place.

    Args:
        order: The nodes, in order.

    Raises:
        ValueError: When they are not; it names the node.
    """
    nodes = set(order)
    for node in order:
        if node._value is None:
            raise ValueError(f"{node.title} has no value yet: call mg.forward(order) first")
        for source in node.inputs:
            if source._set_at > node._set_at:
                raise ValueError(
                    f"{source.title} has changed since {node.title} was computed: "
                    "call mg.forward(order) before mg.backward(order)"
                )
            if source.needs_gradient and source not in nodes:
                raise ValueError(
                    f"{source.title} is missing in the order, and so has no place for its "
                    f"gradient: {node.title} is computed from it"
                )


def locked(array: Any) -> Any:
    # The same numbers, which cannot be written into: they may stand in other places as well.
    if isinstance(array, np.ndarray):
        if array.ndim == 0:
            return array[()]  # a number
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
    return array


def without_alias(value: Any, inputs: Sequence[Node]) -> Any:
    # A reshaped or transposed leaf would change when the leaf is assigned to.
    if isinstance(value, np.ndarray) and value.base is not None:
        if any(isinstance(i, Constant) and np.may_share_memory(value, i._value) for i in inputs):
            return np.array(value)
    return value


@contextmanager
def unchanged(nodes: Sequence[Node]) -> Iterator[None]:
    """Put everything that the nodes hold back at the end, whatever is done with them meanwhile."""
    before = [dict(vars(node)) for node in nodes]
    try:
        yield
    finally:
        for node, attributes in zip(nodes, before, strict=True):
            vars(node).clear()
            vars(node).update(attributes)
