"""Charts of the lectures whose lines of code are no lesson."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["activations", "beside_the_paper", "log_log"]


def log_log(x: Any, curves: Mapping[str, Any], xlabel: str, ylabel: str, alt: str) -> Any:
    """Curves over one axis, both axes logarithmic; each with a mark of its own.

    Args:
        x: Array of shape (points,), positive.
        curves: For each name, an array of the same shape.
        xlabel: What lies along the axis, with its unit.
        ylabel: What goes up.
        alt: What the chart shows, in a sentence.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons.charts import log_log
        >>> log_log([1, 10], {"square": [1, 100]}, "side", "area", "Area grows with slope 2")
        <Figure: Area grows with slope 2>
    """
    from matplotlib.figure import Figure

    from minigrad.display import show, style

    with style():
        figure = Figure(figsize=(8.0, 4.2))
        ax = figure.subplots()
        for (name, y), marker in zip(curves.items(), "os^Dv*", strict=False):
            ax.loglog(x, y, marker=marker, label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.legend()
    return show(figure, alt=alt)


def activations(*functions: Callable[[Any], Any]) -> Any:
    """Functions of one number, called with an array, and their derivatives, by a backward sweep.

    Args:
        functions: Each takes an array or a node.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.charts import activations
        >>> activations(np.tanh)
        <Figure: tanh and its derivative, for z from -3 to 3>
    """
    import numpy as np
    from matplotlib.figure import Figure

    from minigrad.display import show, style
    from minigrad.graph import Variable, backward, forward, topological_sort

    z = np.linspace(-3, 3, 301)
    names = [function.__name__ for function in functions]
    with style():
        figure = Figure(figsize=(4.5 * len(functions), 3.4))
        panels = figure.subplots(1, len(functions), sharey=True, squeeze=False)[0]
        for ax, name, function in zip(panels, names, functions, strict=True):
            node = Variable(z)
            order = topological_sort(function(node).sum())
            forward(order)
            backward(order)
            ax.plot(z, function(z), label=name)
            ax.plot(z, node.gradient, "--", label="derivative")
            ax.set(xlabel="z", title=f"{name}(z)")
            ax.legend()
    whose = "its derivative" if len(names) == 1 else "their derivatives"
    return show(figure, alt=f"{' and '.join(names)} and {whose}, for z from -3 to 3")


def beside_the_paper(curve: Sequence[float]) -> Any:
    """A loss curve beside what the paper's Fig. 3 shows for Keras.

    Args:
        curve: The mean loss of each epoch.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons.charts import beside_the_paper
        >>> beside_the_paper([2.0, 0.5, 0.25])
        <Figure: The loss falls from 2 in epoch 1 to 0.25 in epoch 3; a dotted line at log 10>
    """
    import numpy as np
    from matplotlib.figure import Figure

    from minigrad.display import show, style
    from minigrad_course.studies import paper

    read = {name: np.array(values) for name, values in paper.figure(3).items()}
    low, high = read["low"], read["high"]
    epochs = np.arange(1, len(curve) + 1)
    with style():
        figure = Figure(figsize=(8.0, 4.5))
        ax = figure.subplots()
        ax.plot(epochs, curve, marker="o", label="ours, node by node")
        look: dict[str, Any] = {"fmt": "s", "markersize": 10, "fillstyle": "none", "capsize": 7}
        middle, reach = (low + high) / 2, (high - low) / 2
        ax.errorbar(read["epoch"], middle, yerr=reach, **look, label="the paper's Fig. 3 (Keras)")
        ax.axhline(np.log(10), color="#666666", linestyle=":", label="knows nothing: log 10")
        ax.set(xlabel="epoch", ylabel="mean loss of 100 pictures", yscale="log", xticks=epochs[::2])
        ax.legend()
    falls = (
        f"The loss falls from {curve[0]:.2g} in epoch 1 to {curve[-1]:.2g} in epoch {len(curve)}"
    )
    return show(figure, alt=f"{falls}; a dotted line at log 10")
