"""``tf.GradientTape`` and ``tf.function``, for steps of training that a script writes itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Node, Variable, backward
from minigrad.graph.sweeps import completed
from minigrad.shared.arguments import brief
from minigrad.shared.lookup import at_hand
from minigrad.shared.results import as_result, recording

__all__ = ["GradientTape", "function"]


class GradientTape:
    """Computations whose derivative is asked for: what layers give is a node meanwhile.

    There is no tape here: the loss is a node, which knows the graph that it is computed by.
    :func:`~minigrad.backward` goes along it.

    Args:
        persistent: Has no meaning here: a graph can be gone through as often as one likes.
        watch_accessed_variables: Has no meaning here.

    Example:
        >>> import minigrad as tf
        >>> x = tf.Variable(3.0)
        >>> with tf.GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent

    def __enter__(self) -> GradientTape:
        self._token = recording.set(True)
        return self

    def __exit__(self, *error: Any) -> None:
        recording.reset(self._token)

    def watch(self, tensor: Any) -> None:
        """Accept what has a derivative anyhow.

        Raises:
            TypeError: When it is no variable.
        """
        if not isinstance(tensor, Variable):
            raise TypeError(
                f"watch: a derivative is taken with respect to a Variable, got {brief(tensor)}: "
                f"x = {at_hand()}.Variable(x) before the tape makes one"
            )

    def gradient(self, target: Any, sources: Any) -> Any:
        """Derivatives of a number.

        Args:
            target: The node of the loss; of several numbers their sum.
            sources: A variable, or a list of them.

        Returns:
            An array for each, ``None`` for one that the target does not depend on.

        Raises:
            TypeError: When the target is no node: it was not computed within the tape.
        """
        if not isinstance(target, Node):
            raise TypeError(
                f"gradient: {brief(target)} is no node of a graph; the model and the loss are "
                "called inside of `with GradientTape()`, and a derivative has no derivative here"
            )
        order = completed(np.sum(target) if target.shape else target)
        backward(order)
        several, known = isinstance(sources, (list, tuple)), set(order)
        found = [
            as_result(source.gradient) if source in known else None
            for source in (sources if several else [sources])
        ]
        return found if several else found[0]


def function(func: Any = None, **options: Any) -> Any:
    """Leave a function as it is: a graph is built by what is called in it.

    Args:
        func: The function that it decorates.
        options: Have no meaning here.
    """
    return func if func is not None else lambda func: func
