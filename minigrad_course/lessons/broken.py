"""Engines that are wrong, each in one line: what goes wrong, and which input shows it?

Every function or class here can stand where the true one stands, and is right for some
inputs. Every one is a mistake that people have made; the comment marks it. The lectures ask
for the input that exposes it, and the tests show that our checks do.

==================================== ==================================================
broken                               in place of
==================================== ==================================================
``backward_by_recursion``            ``mg.backward``: recursion in place of the sort
``backward_that_visits_once``        ``mg.backward``: recursion that remembers whom it visited
``backward_that_accumulates``        ``mg.backward``: gradients of the last sweep left standing
``backward_that_overwrites``         ``mg.backward``: ``=`` in place of adding up
``backward_in_place``                ``mg.backward``: ``+=`` into an array that is shared
``backward_without_unbroadcast``     ``mg.backward``: the sum over broadcast axes forgotten
``ConvolutionThatOverwrites``        ``mg.operators.Convolve``: the kernel's gradient assigned
``cross_entropy_with_flipped_sign``  the mean of −Σ t·log softmax(z): its sign
``ReluThatLetsAllPass``              ``mg.operators.Relu``: its mask taken from its value
``DropoutScaledForwardOnly``         ``mg.operators.Dropout``: the scale forgotten backward
==================================== ==================================================

Those that overwrite, write in place or leave the sum out differ from the true sweep in a line, so
they share the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.activations import log_softmax
from minigrad.gradcheck import finite_difference
from minigrad.graph import Node, Operator, Variable, forward, topological_sort, unbroadcast
from minigrad.operators import Relu
from minigrad.operators.convolution import Convolve
from minigrad.operators.dropout import Dropout
from minigrad_course.lessons.answers import Wrong, same

__all__ = [
    "ENGINES",
    "ConvolutionThatOverwrites",
    "DropoutScaledForwardOnly",
    "ReluThatLetsAllPass",
    "backward_by_recursion",
    "backward_in_place",
    "backward_that_accumulates",
    "backward_that_overwrites",
    "backward_that_visits_once",
    "backward_without_unbroadcast",
    "cross_entropy_with_flipped_sign",
    "disagreement",
]


def backward_by_recursion(order: Sequence[Node], gradient: Any = None) -> None:
    """Hand gradients on as soon as they arrive, by recursion, with no sort.

    Wrong where a node that is used twice has inputs of its own: it hands on what arrived
    first, and later hands it on again together with what arrived second.

    Args:
        order: As for :func:`minigrad.backward`; only its last node is looked at.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course import lessons
        >>> a = mg.Variable(1.0)
        >>> b = a + a
        >>> order = mg.topological_sort(b + b)
        >>> _ = mg.forward(order)
        >>> lessons.broken.backward_by_recursion(order)
        >>> float(a.gradient)                   # the truth is 4
        6.0
    """
    start(order, gradient)

    def hand_on(node: Node) -> None:
        if isinstance(node, Operator):
            for source, part in parts_of(node):
                part = unbroadcast(part, source.shape, node.title)
                source.gradient = part if source.gradient is None else source.gradient + part
                hand_on(source)  # wrong: more may still arrive at `source`

    hand_on(order[-1])


def backward_that_visits_once(order: Sequence[Node], gradient: Any = None) -> None:
    """Hand gradients on by recursion, but let no node hand on twice.

    Wrong where two ways of unequal length lead to a node: it hands on when the short one has
    arrived, and what comes by the long one stays with it. Right where all ways are equally long,
    which is why it passes many a test.

    Args:
        order: As for :func:`minigrad.backward`; only its last node is looked at.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import lessons
        >>> a = mg.Variable(1.0)
        >>> b = a * a
        >>> order = mg.topological_sort(b + np.sin(b))
        >>> _ = mg.forward(order)
        >>> lessons.broken.backward_that_visits_once(order)
        >>> float(a.gradient)                   # the truth is 2 + 2 cos 1, about 3.08
        2.0
    """
    start(order, gradient)
    visited: set[Node] = set()

    def visit(node: Node) -> None:
        visited.add(node)
        if isinstance(node, Operator):
            parts = parts_of(node)
            for source, part in parts:
                known = 0.0 if source.gradient is None else source.gradient
                source.gradient = known + unbroadcast(part, source.shape, node.title)
            for source, _ in parts:
                if source not in visited:  # wrong: more may come, and will stay here
                    visit(source)

    visit(order[-1])


def backward_that_accumulates(order: Sequence[Node], gradient: Any = None) -> None:
    """Start without forgetting the gradients of the last sweep.

    Right when it is called once, wrong from the second step of a training on. (PyTorch does this
    on purpose, and leaves it to its users to call ``zero_grad``.)

    Args:
        order: As for :func:`minigrad.backward`.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course import lessons
        >>> a = mg.Variable(3.0)
        >>> order = mg.topological_sort(a * a)
        >>> _ = mg.forward(order)
        >>> for _ in range(2):
        ...     lessons.broken.backward_that_accumulates(order)
        ...     print(a.gradient)               # the truth is 6
        6.0
        12.0
    """
    before = [(node, node.gradient) for node in order if isinstance(node, Variable)]

    def add(source: Node, part: Any, title: str) -> None:
        known = 0.0 if source.gradient is None else source.gradient
        source.gradient = known + unbroadcast(part, source.shape, title)

    sweep(order, gradient, add)
    for variable, old in before:
        if old is not None and variable.gradient is not None:
            variable.gradient = variable.gradient + old  # wrong: the last step's is added


def backward_that_overwrites(order: Sequence[Node], gradient: Any = None) -> None:
    """Keep the last gradient that arrives in place of the sum of all.

    Wrong where a node is used more than once.

    Args:
        order: As for :func:`minigrad.backward`.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course import lessons
        >>> a = mg.Variable(3.0)
        >>> order = mg.topological_sort(a * a)
        >>> _ = mg.forward(order)
        >>> lessons.broken.backward_that_overwrites(order)
        >>> float(a.gradient)                   # the truth is 6
        3.0
    """

    def overwrite(source: Node, part: Any, title: str) -> None:
        source.gradient = unbroadcast(part, source.shape, title)  # wrong: = in place of a sum

    sweep(order, gradient, overwrite)


def backward_in_place(order: Sequence[Node], gradient: Any = None) -> None:
    """Add up in place, in an array that another node may hold as well.

    Wrong where an operator hands one array to two inputs, as addition does, and one of
    them receives more later: the other's gradient grows with it.

    Args:
        order: As for :func:`minigrad.backward`.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course import lessons
        >>> a, b = mg.Variable([1.0, 2.0]), mg.Variable([5.0, 6.0])
        >>> order = mg.topological_sort((a * a).sum() + (a + b).sum())
        >>> _ = mg.forward(order)
        >>> lessons.broken.backward_in_place(order)
        >>> b.gradient                          # the truth is 1, 1
        array([3., 5.])
    """

    def add_in_place(source: Node, part: Any, title: str) -> None:
        part = unbroadcast(part, source.shape, title)
        if source.gradient is None:
            source.gradient = np.require(part, requirements="W")
        else:
            source.gradient += part  # wrong: `part` of an earlier call may be shared

    sweep(order, gradient, add_in_place)


def backward_without_unbroadcast(order: Sequence[Node], gradient: Any = None) -> None:
    """Forget that a value which was stretched was used many times.

    Wrong where shapes were broadcast: the gradient has the stretched shape, one summand
    for each use, where their sum was wanted.

    Args:
        order: As for :func:`minigrad.backward`.
        gradient: As for :func:`minigrad.backward`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import lessons
        >>> bias = mg.Variable([0.0, 0.0, 0.0])
        >>> order = mg.topological_sort((np.ones((2, 3)) + bias).sum())
        >>> _ = mg.forward(order)
        >>> lessons.broken.backward_without_unbroadcast(order)
        >>> bias.gradient                       # the truth is 2, 2, 2
        array([[1., 1., 1.],
               [1., 1., 1.]])
    """

    def add_as_it_is(source: Node, part: Any, title: str) -> None:
        # wrong: `part` may have more elements than `source`
        source.gradient = part if source.gradient is None else source.gradient + part

    sweep(order, gradient, add_as_it_is)


class ConvolutionThatOverwrites(Convolve):
    """A convolution whose kernel gradient is assigned at every position in place of added up.

    Only the last position of the window counts. Right for a kernel as large as the
    picture, which has one position only. The Julia code published with the paper does
    this (its commit 32c53d9).

    Args:
        images: As for :class:`minigrad.operators.Convolve`.
        kernel: As for :class:`minigrad.operators.Convolve`.
        strides: As for :class:`minigrad.operators.Convolve`.
        padding: As for :class:`minigrad.operators.Convolve`.
        name: As for :class:`minigrad.operators.Convolve`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import lessons
        >>> kernel = mg.Variable(np.zeros((1, 1, 1, 1)))
        >>> picture = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> order = mg.topological_sort(lessons.broken.ConvolutionThatOverwrites(picture, kernel).sum())
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> kernel.gradient.item()              # the truth is 0 + 1 + … + 8 = 36
        8.0
    """

    def backward(self, g, images, kernel):
        by_images, by_kernel = super().backward(g, images, kernel)
        padded = self.pad(images)
        for y in range(self.shape[1]):
            for x in range(self.shape[2]):
                top, left = y * self.down.stride, x * self.across.stride
                under = padded[:, top : top + kernel.shape[0], left : left + kernel.shape[1]]
                # (batch, i, j, channel) · (batch, filter) → (i, j, channel, filter)
                by_kernel = np.tensordot(under, g[:, y, x], axes=(0, 0))  # wrong: = in place of +=
        return by_images, by_kernel


def cross_entropy_with_flipped_sign(targets: Any, scores: Any) -> Any:
    """The mean over the batch of Σ t·log softmax(z), which should have a minus in front.

    A gradient check finds nothing, for the derivative is that of the function as it
    stands. But the loss is negative, and descending it teaches the wrong way: the
    probability of the true class falls. The loss of the Julia code published with the paper is
    negative as well, and is treated so that the true class's score falls.

    Args:
        targets: One-hot rows, of shape (batch, class).
        scores: Node of the same shape, before the softmax.

    Returns:
        A scalar node.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import lessons
        >>> z = mg.Variable(np.zeros((1, 2)))
        >>> loss = lessons.broken.cross_entropy_with_flipped_sign(np.array([[1.0, 0.0]]), z)
        >>> round(float(mg.forward(mg.topological_sort(loss))), 4)     # the truth is +0.6931
        -0.6931
    """
    return (targets * log_softmax(scores)).sum(axis=-1).mean()  # wrong: the minus is missing


class ReluThatLetsAllPass(Relu):
    """A ReLU whose derivative is asked of its value, by ``value >= 0``.

    The value is never negative, so the mask is 1 everywhere, and gradients pass where the unit
    was off. Right where every input is positive. NumPy's tutorial "Deep learning on MNIST"
    does this (its ``relu2deriv``, at commit 09a8945).

    Args:
        x: As for :class:`minigrad.operators.Relu`.
        name: As for :class:`minigrad.operators.Relu`.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course import lessons
        >>> x = mg.Variable([-1.0, 2.0])
        >>> order = mg.topological_sort(lessons.broken.ReluThatLetsAllPass(x).sum())
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> x.gradient                          # the truth is 0, 1
        array([1., 1.])
    """

    def backward(self, g, x):
        return g * (self.forward(x) >= 0)  # wrong: a value of ReLU's is never below 0


class DropoutScaledForwardOnly(Dropout):
    """A dropout that scales what it keeps up, but not the gradients of that.

    All gradients before it are too small by one and the same factor, so that it looks like a
    smaller learning rate. Right at rate 0. NumPy's tutorial "Deep learning on MNIST" does this,
    with the factor 2 (at commit 09a8945).

    Args:
        x: As for :class:`minigrad.operators.Dropout`.
        rate: As for :class:`minigrad.operators.Dropout`.
        generator: As for :class:`minigrad.operators.Dropout`.
        name: As for :class:`minigrad.operators.Dropout`.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import lessons
        >>> x = mg.Variable(np.ones(3))
        >>> order = mg.topological_sort(
        ...     lessons.broken.DropoutScaledForwardOnly(x, 0.5, np.random.default_rng(3)).sum())
        >>> _ = mg.forward(order)
        >>> mg.backward(order)
        >>> x.gradient                          # the truth is 2 where an element was kept
        array([1., 0., 0.])
    """

    def backward(self, g, x):
        return g * self.kept  # wrong: the factor self.scale is missing


ENGINES: dict[str, Callable[..., None]] = {
    "backward_by_recursion": backward_by_recursion,
    "backward_that_visits_once": backward_that_visits_once,
    "backward_that_overwrites": backward_that_overwrites,
    "backward_in_place": backward_in_place,
    "backward_without_unbroadcast": backward_without_unbroadcast,
}


# -- what the broken sweeps share, and is right --------------------------------------------
def start(order: Sequence[Node], gradient: Any) -> None:
    result = order[-1]
    for node in order:
        node.gradient = None
    result.gradient = np.ones(result.shape) if gradient is None else np.asarray(gradient)


def parts_of(node: Operator) -> list[tuple[Node, Any]]:
    inputs: tuple[Any, ...] = node.inputs
    parts = node.backward(node.gradient, *(i.value for i in inputs))
    parts = parts if isinstance(parts, tuple) else (parts,)
    pairs = zip(inputs, parts, strict=True)
    return [(source, part) for source, part in pairs if source.needs_gradient and part is not None]


def sweep(order: Sequence[Node], gradient: Any, receive: Callable[[Node, Any, str], None]) -> None:
    start(order, gradient)
    for node in reversed(order):
        if isinstance(node, Operator) and node.needs_gradient and node.gradient is not None:
            for source, part in parts_of(node):
                receive(source, part, node.title)


# -- the judge --------------------------------------------------------------------------------
def disagreement(backward: Callable[..., None], result: Node) -> str:
    """What a backward sweep gets wrong on a graph, by finite differences.

    Args:
        backward: A sweep to judge, called as ``backward(order)``.
        result: The scalar node that ends the graph.

    Returns:
        A sentence that names the first variable whose gradient is wrong, or the error that
        the sweep raises; empty if all are right to about five digits.

    Raises:
        ValueError: When the result is not a scalar, or depends on no variable.

    Example:
        >>> import minigrad as mg
        >>> from minigrad_course.lessons import broken
        >>> a = mg.Variable(3.0, name="a")
        >>> broken.disagreement(mg.backward, a * a)
        ''
        >>> broken.disagreement(broken.backward_that_overwrites, a * a)
        'the gradient of a is half what it should be: got 3.0, wanted 6.0.'
    """
    order = topological_sort(result)
    variables = [node for node in order if isinstance(node, Variable)]
    if result.size != 1 or not variables:
        raise ValueError("the graph must end in a scalar and hold at least one variable")
    forward(order)
    try:
        backward(order)
    except (ValueError, TypeError) as error:  # a gradient of a wrong shape may do that
        return f"the sweep raises {type(error).__name__}: {error}"
    for number, variable in enumerate(variables):
        there = np.array(variable.value)

        def result_at(value: Any, variable: Variable = variable) -> float:
            variable.value = value
            return float(np.sum(forward(order)))

        wanted = finite_difference(result_at, there)
        result_at(there)
        try:
            name = variable.name or f"variable {number + 1}"
            same(variable.gradient, wanted, f"the gradient of {name}", tolerance=1e-5)
        except Wrong as difference:
            return str(difference)
    return ""
