"""Bias and activation where the sums already are: the last calls of a convolution or dense layer.

The reference operators are in ``minigrad/operators/activations.py``. An activation that is not in
here is a kernel of its own, recorded.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad import operators as op
from minigrad.engine.kernels.kernel import Array, Calls, Host
from minigrad.engine.scope import Scope
from minigrad.graph import Node, Variable


class Act:
    """An activation as calls; this one does nothing.

    ``forward`` turns z into out (which may be the same memory), ``backward`` the gradient
    g with respect to out into the gradient with respect to z.
    """

    def __init__(self, node: Any = None) -> None:
        self.node = node

    def forward(self, host: Host, z: Array, out: Array) -> Calls:
        if out is not z:
            yield partial(np.copyto, out, z)

    def backward(self, host: Host, g: Array, z: Array, by_z: Array) -> Calls:
        if g is not by_z:
            yield partial(np.copyto, by_z, g)


def zeros(host: Host, like: Array) -> Array:
    # NumPy's maximum with a row of zeros is four times as fast as with the number 0.
    return host.ask("zeros", like.shape if like.ndim < 3 else like.shape[-2:], like.dtype)


class ReluAct(Act):
    def forward(self, host: Host, z: Array, out: Array) -> Calls:
        yield partial(np.maximum, z, zeros(host, z), out=out)

    def backward(self, host: Host, g: Array, z: Array, by_z: Array) -> Calls:
        mask = host.ask("where x > 0", z.shape, bool)
        yield partial(np.greater, z, 0, out=mask)
        yield partial(np.multiply, g, mask, out=by_z)


class EluAct(Act):
    def forward(self, host: Host, z: Array, out: Array) -> Calls:
        alpha, no = self.node.alpha, zeros(host, z)
        self.slope = slope = host.ask("slope", z.shape, z.dtype)  # e^min(z, 0)
        spare = host.ask("spare", z.shape, z.dtype)
        yield partial(np.minimum, z, no, out=spare)
        if alpha != 1:
            mask = host.ask("where x > 0", z.shape, bool)
            yield partial(np.greater, z, 0, out=mask)
        yield partial(np.expm1, spare, out=spare)  # near 0, e^z − 1 would lose its digits
        yield partial(np.add, spare, 1, out=slope)
        yield partial(np.maximum, z, no, out=out)
        if alpha != 1:
            yield partial(np.multiply, spare, alpha, out=spare)
            yield partial(np.multiply, slope, alpha, out=slope)
            yield partial(np.copyto, slope, 1, where=mask)
        yield partial(np.add, out, spare, out=out)

    def backward(self, host: Host, g: Array, z: Array, by_z: Array) -> Calls:
        yield partial(np.multiply, g, self.slope, out=by_z)


ACTS: dict[type, type[Act]] = {op.Relu: ReluAct, op.Elu: EluAct}


def bias_and_act(node: Node, scope: Scope) -> list[Any]:
    """The nodes after a product that can be computed where its sums are.

    Args:
        node: The product.
        scope: The graph around it.
    """
    chain = [
        n
        for n in scope.only_user(node, op.Add)
        if n.inputs[0] is node
        and isinstance(n.inputs[1], Variable)
        and n.inputs[1].shape == node.shape[-1:]
        and n.dtype == node.dtype
    ]
    return chain + scope.only_user(chain[-1] if chain else node, *ACTS)


def tail(nodes: Sequence[Any]) -> tuple[Variable | None, Act]:
    """The bias and the activation among the nodes that follow a product."""
    bias = next((n.inputs[1] for n in nodes if type(n) is op.Add), None)
    act = next((n for n in nodes if type(n) in ACTS), None)
    return bias, Act() if act is None else ACTS[type(act)](act)
