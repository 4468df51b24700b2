"""The topological sort, and the two sweeps along it: forward the values, backward the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph.kinds import Operator, Variable
from minigrad.graph.node import Node

__all__ = ["accumulate", "backward", "forward", "topological_sort", "unbroadcast"]


def topological_sort(*results: Node) -> list[Node]:
    """Order all nodes that the results depend on, each once, inputs before users.

    The search keeps its own stack, so that a chain of 100,000 nodes does not meet
    Python's limit on recursion. Time and memory grow with the number of edges.

    Args:
        results: The node or nodes wanted; the last one given ends the order.

    Returns:
        The nodes in an order in which they can be computed.

    Raises:
        ValueError: When a node depends on itself.

    Example:
        >>> import minigrad as mg
        >>> a = mg.Variable(1.0, name="a")
        >>> b = a + a
        >>> [node.label for node in mg.topological_sort(b * b)]
        ['variable', 'add', 'multiply']
    """
    order: list[Node] = []
    done: set[Node] = set()
    for result in results:
        path: set[Node] = set()  # nodes entered but not yet left
        stack: list[tuple[Node, bool]] = [(result, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                path.discard(node)
                done.add(node)
                order.append(node)
            elif node in path:
                raise ValueError(f"{node.title} depends on itself: the graph has a cycle")
            elif node not in done:
                path.add(node)
                stack.append((node, True))
                stack.extend((i, False) for i in reversed(node.inputs) if i not in done)
    return order


def forward(order: Sequence[Node]) -> Any:
    """Compute each operator's value, in order.

    Args:
        order: Nodes as :func:`topological_sort` returns them.

    Returns:
        The value of the last node.

    Raises:
        ValueError: When an operator's value has another shape than it promised.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0])
        >>> mg.forward(mg.topological_sort(x * x))
        array([1., 4.])
    """
    for node in order:
        if isinstance(node, Operator):
            value = node.forward(*(i.value for i in node.inputs))
            if np.shape(value) != node.shape:
                raise ValueError(
                    f"{node.title}: forward returned shape {np.shape(value)}, wanted {node.shape}"
                )
            node.value = value
    return order[-1].value


def backward(order: Sequence[Node], gradient: Any = None) -> None:
    """Give every node its gradient: the derivative of the last node with respect to it.

    One sweep in reverse order. Where a node is used more than once, the gradients that
    arrive are added; where its value was broadcast, they are summed over the axes added.
    Gradients of an earlier sweep are forgotten first.

    Args:
        order: Nodes as :func:`topological_sort` returns them, computed by :func:`forward`.
        gradient: What to start from, an array of the last node's shape. A scalar node
            starts from 1 by default.

    Raises:
        ValueError: When the last node is not a scalar and no gradient is given, when the
            values were not computed, or when an operator returns a gradient that does
            not fit its input.

    Example:
        >>> import minigrad as mg
        >>> a = mg.Variable([1.0, 2.0], name="a")
        >>> loss = (a * a).sum()
        >>> order = mg.topological_sort(loss)
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> a.gradient
        array([2., 4.])
    """
    result = order[-1]
    if result.value is None:
        raise ValueError(f"{result.title} has no value yet: call mg.forward(order) first")
    if gradient is None:
        if result.size != 1:
            raise ValueError(
                f"{result.title} has shape {result.shape}: a gradient starts at a scalar. "
                "Sum the result, or pass gradient= with the weight of each element."
            )
        gradient = np.ones(result.shape, result.dtype)
    gradient = np.asarray(gradient, result.dtype)
    if gradient.shape != result.shape:
        raise ValueError(f"gradient has shape {gradient.shape}, wanted {result.shape}")

    for node in order:
        node.gradient = None
    result.gradient = gradient
    for node in reversed(order):
        if isinstance(node, Operator) and node.needs_gradient and node.gradient is not None:
            parts = node.backward(node.gradient, *(i.value for i in node.inputs))
            parts = parts if isinstance(parts, tuple) else (parts,)
            if len(parts) != len(node.inputs):
                raise ValueError(
                    f"{node.title}: backward returned {len(parts)} gradients "
                    f"for {len(node.inputs)} inputs"
                )
            for source, part in zip(node.inputs, parts, strict=True):
                if source.needs_gradient and part is not None:
                    accumulate(source, unbroadcast(part, source.shape, node.title))
    for node in order:
        if isinstance(node, Variable):
            node.gradient = own_copy(node)


def accumulate(node: Node, gradient: Any) -> None:
    # A new array, never +=: an operator may hand the same array to both of its inputs
    # (addition does), and adding in place would change the other input's gradient too.
    node.gradient = gradient if node.gradient is None else node.gradient + gradient


def own_copy(variable: Variable) -> Any:
    # What the user gets to keep and change shares memory with no other gradient.
    if variable.gradient is None:
        return np.zeros(variable.shape, variable.dtype)
    return np.array(variable.gradient, dtype=variable.dtype)[()]


def unbroadcast(gradient: Any, shape: tuple[int, ...], title: str = "unbroadcast") -> Any:
    """Sum a gradient over the axes that broadcasting added or stretched.

    If a value of shape (3, 1) was stretched to (2, 3, 4), each element was used eight
    times, and the gradients of the eight uses add up.

    Args:
        gradient: An array of the broadcast shape.
        shape: The shape before broadcasting.
        title: Who to name in the error.

    Returns:
        An array of the wanted shape.

    Raises:
        ValueError: When the gradient could not have come from that shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.unbroadcast(np.ones((2, 3, 4)), (3, 1))
        array([[8.],
               [8.],
               [8.]])
    """
    if np.shape(gradient) == shape:
        return gradient
    gradient = np.asarray(gradient)
    added = gradient.ndim - len(shape)
    stretched = tuple(
        added + axis
        for axis, length in enumerate(shape)
        if length == 1 and added >= 0 and gradient.shape[added + axis] != 1
    )
    summed = gradient.sum(axis=(*range(added), *stretched), keepdims=True)
    summed = summed.reshape(summed.shape[max(added, 0) :])
    if summed.shape != shape:
        raise ValueError(
            f"{title}: backward returned a gradient of shape {gradient.shape} "
            f"for an input of shape {shape}"
        )
    return summed
