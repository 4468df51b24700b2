"""The computational graph: nodes, the topological sort, the forward and the backward sweep.

A *graph* is built by computing with nodes as if they were numbers. Nothing is computed
while it is built; each operation only notes what it would be applied to::

    x ──┬──▶ multiply ──▶ sin ──▶ y
        └──▶

Three sweeps then do everything that automatic differentiation needs:

``topological_sort``
    puts the nodes in an order in which every node comes after its inputs;
``forward``
    walks that order and gives each operator its value;
``backward``
    walks it in reverse and gives each node its gradient, the derivative of the last
    node with respect to it, by the chain rule.

An operator knows two things only: how to compute its value from the values of its
inputs, and its *vector–Jacobian product*: how a gradient with respect to its value
becomes gradients with respect to its inputs. The Jacobian itself is never formed; for
one elementwise product of 5,832 numbers it would be a matrix of 272 MB.

``node.py`` says how a graph is built, ``kinds.py`` what it is built of, ``sweeps.py`` how it is
computed and ``checks.py`` what that refuses, ``recordable.py`` which operators the engine may record.

Source: Szczepański and Zieliński (2023), section II.D; Baydin et al., arXiv 1502.05767.
"""

from minigrad.graph.kinds import Constant, Operator, Variable, as_node
from minigrad.graph.node import NUMPY_FUNCTIONS, Node, implements
from minigrad.graph.recordable import is_recordable, recordable
from minigrad.graph.sweeps import accumulate, backward, forward, topological_sort, unbroadcast

__all__ = [
    "NUMPY_FUNCTIONS",
    "Constant",
    "Node",
    "Operator",
    "Variable",
    "accumulate",
    "as_node",
    "backward",
    "forward",
    "implements",
    "is_recordable",
    "recordable",
    "topological_sort",
    "unbroadcast",
]
