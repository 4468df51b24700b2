"""The topological sort, and the two sweeps along it: forward the values, backward the gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph.checks import check_order, check_values, locked, without_alias
from minigrad.graph.kinds import Operator, Variable
from minigrad.graph.node import Node
from minigrad.shared.adding import added_up
from minigrad.shared.arguments import real_array


def topological_sort(*results: Node) -> list[Node]:
    """Order all nodes that the results depend on, each once, inputs before users.

    The search keeps its own stack, so that a chain of 100,000 nodes does not meet
    Python's limit on recursion. Time and memory grow with the number of edges.

    Args:
        results: The node or nodes wanted; the last one given ends the order.

    Returns:
        The nodes in an order in which they can be computed.

    Raises:
        TypeError: When what is given is not a node, or nothing is.
        ValueError: When a node depends on itself, or another one given needs the last.

    Example:
        >>> import minigrad as mg
        >>> a = mg.Variable(1.0, name="a")
        >>> b = a + a
        >>> [node.label for node in mg.topological_sort(b * b)]
        ['variable', 'add', 'multiply']
    """
    if not results:
        raise TypeError("topological_sort wants at least one node")
    for result in results:
        if not hasattr(result, "inputs"):  # formulas have them, too
            several = isinstance(result, (list, tuple))
            hint = "; several are given as topological_sort(a, b)" if several else ""
            if isinstance(result, np.ndarray):
                hint = "; layers and losses compute with arrays, and build nodes of mg.Constant(x)"
            raise TypeError(f"topological_sort wants nodes, got {result!r:.60}{hint}")
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
    if order[-1] is not results[-1]:
        raise ValueError(
            f"topological_sort: {results[-1].title} cannot end the order, since another node that "
            "is wanted needs it: give it first"
        )
    return order


def forward(order: Sequence[Node]) -> Any:
    """Compute each operator's value, in order.

    Args:
        order: Nodes as :func:`topological_sort` returns them.

    Returns:
        The value of the last node, as an array of the caller's own.

    Raises:
        TypeError: When it is no order, but a node, say.
        ValueError: When the order is empty or not one in which the nodes can be computed, or
            when an operator's value has another shape than it promised.

    Example:
        >>> import minigrad as mg
        >>> x = mg.Variable([1.0, 2.0])
        >>> mg.forward(mg.topological_sort(x * x))
        array([1., 4.])
    """
    check_order("forward", order)
    compute(order)
    return np.array(order[-1]._current)[()]


def completed(result: Node) -> list[Node]:
    """Compute what a node needs and has not been computed yet; what has been stays.

    Args:
        result: The node.

    Returns:
        The order in which it is computed.
    """
    order = topological_sort(result)
    compute([node for node in order if node._value is None])
    return order


def compute(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if isinstance(node, Operator):
            value = computed(node, [source._current for source in node.inputs])
            node.value = locked(without_alias(value, node.inputs))


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
        TypeError: When it is no order, or a gradient is not of real numbers.
        ValueError: When the last node is not a scalar and no gradient is given, or has no
            gradient; when values were not computed, or have changed since; when a variable is
            missing in the order; or when an operator returns a gradient that does not fit its
            input.

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
    check_order("backward", order)
    check_values(order)
    result = order[-1]
    start = starting_from(gradient, result)
    for node in order:
        node.gradient = None
    result.gradient = start
    for node in reversed(order):
        if isinstance(node, Operator) and node.needs_gradient and node.gradient is not None:
            values = [source._current for source in node.inputs]
            for source, part in zip(
                node.inputs, parts_of(node, node.gradient, values), strict=True
            ):
                if source.needs_gradient and part is not None:
                    accumulate(source, unbroadcast(part, source.shape, node.title))
    for node in order:
        node.gradient = own_copy(node) if isinstance(node, Variable) else locked(node.gradient)


def starting_from(gradient: Any, result: Node) -> Any:
    # the gradient of the result with respect to itself, or the weights that were given
    if result.dtype.kind != "f":
        raise ValueError(f"{result.title} is of dtype {result.dtype}, which has no gradient")
    if gradient is None:
        if result.size != 1:
            raise ValueError(
                f"{result.title} has shape {result.shape}: a gradient starts at a scalar. "
                "Sum the result, or pass gradient= with the weight of each element."
            )
        gradient = np.ones(result.shape, result.dtype)
    gradient = np.array(real_array("backward starts from", gradient), result.dtype)
    if gradient.shape != result.shape:
        raise ValueError(f"gradient has shape {gradient.shape}, wanted {result.shape}")
    return gradient


def computed(node: Operator, values: Sequence[Any]) -> Any:
    """What an operator's own method computes, if it is what the node promised.

    Args:
        node: The operator.
        values: Those of its inputs; the method cannot write into them.

    Raises:
        TypeError: When it is no array of real numbers.
        ValueError: When it has another shape.
    """
    value = node.forward(*map(locked, values))
    array = value if type(value) is np.ndarray else np.asarray(value)
    if array.dtype.kind not in "fiub" or np.ma.is_masked(value):
        raise TypeError(
            f"{node.title}: forward returned {type(value).__name__} of dtype {array.dtype}, "
            "wanted an array of real numbers"
        )
    if array.shape != node.shape:
        raise ValueError(f"{node.title}: forward returned shape {array.shape}, wanted {node.shape}")
    return array


def parts_of(node: Operator, gradient: Any, values: Sequence[Any]) -> Sequence[Any]:
    """What an operator's own method has to say of each of its inputs.

    Args:
        node: The operator.
        gradient: That of the node; the method cannot write into it.
        values: Those of the inputs, likewise.

    Raises:
        ValueError: When it is not a gradient for each input.
    """
    parts = node.backward(locked(gradient), *map(locked, values))
    parts = parts if isinstance(parts, (tuple, list)) else (parts,)
    if len(parts) != len(node.inputs):
        raise ValueError(
            f"{node.title}: backward returned {len(parts)} gradients for {len(node.inputs)} inputs"
        )
    return parts


def accumulate(node: Node, gradient: Any) -> None:
    """Add to a node's gradient what has arrived from one of its uses.

    Args:
        node: The node.
        gradient: An array of its shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> x = mg.Variable([1.0, 2.0])
        >>> mg.graph.accumulate(x, np.ones(2))
        >>> mg.graph.accumulate(x, np.ones(2))
        >>> x.gradient
        array([2., 2.])
    """
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
        TypeError: When the gradient is not of real numbers.
        ValueError: When it could not have come from that shape.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.unbroadcast(np.ones((2, 3, 4)), (3, 1))
        array([[8.],
               [8.],
               [8.]])
    """
    masked = np.ma.is_masked(gradient)
    if type(gradient) is not np.ndarray and not isinstance(gradient, np.generic):
        gradient = np.asarray(gradient)  # for whose kin, np.matrix say, * may mean something else
    if gradient.dtype.kind not in "fiub" or masked:
        which = " with masked elements" if masked else ""
        raise TypeError(f"{title}: backward returned a gradient of dtype {gradient.dtype}{which}")
    if gradient.shape == shape:
        return gradient
    try:
        fits = np.broadcast_shapes(shape, gradient.shape) == gradient.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{title}: backward returned a gradient of shape {gradient.shape} "
            f"for an input of shape {shape}"
        )
    return summed(np.asarray(gradient), shape)


def summed(gradient: Any, shape: tuple[int, ...]) -> Any:
    """The sum itself, of an array or of what stands for one while a plan is made."""
    added = gradient.ndim - len(shape)
    lengths = (1,) * added + shape
    axes = tuple(a for a, n in enumerate(lengths) if a < added or n == 1 != gradient.shape[a])
    if axes:
        gradient = added_up(np.sum, gradient, axes, True)
    return gradient.reshape(shape) if gradient.shape != shape else gradient
