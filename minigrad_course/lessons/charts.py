"""Charts of the lectures whose lines of code are no lesson."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["activations", "apart", "beside_the_paper", "log_log", "recorded", "two_losses"]


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

    many = len(curves) > 4  # then there is no room among them for their names
    with style():
        figure = Figure(figsize=(10.0 if many else 8.0, 4.2))
        ax = figure.subplots()
        for (name, y), marker in zip(curves.items(), "os^Dv*", strict=False):
            ax.loglog(x, y, marker=marker, label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if len(x) < 8:
            ax.set_xticks(x, [f"{each:,}" for each in x])
            ax.set_xticks([], minor=True)
        beside: Any = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
        ax.legend(**beside if many else {})
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


def two_losses(theirs: Any, ours: Any) -> Any:
    """The losses of two libraries, step by step, and the difference between them.

    Args:
        theirs: Keras's, an array of shape (steps,).
        ours: minigrad's, of the same steps.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> import numpy as np
        >>> from minigrad_course.lessons.charts import two_losses
        >>> two_losses(np.array([2.0, 1.0]), np.array([2.0, 1.000001]))
        <Figure: The two loss curves lie on each other; they differ by less than 0.0001>
    """
    import numpy as np
    from matplotlib.figure import Figure

    from minigrad.display import show, style

    difference = np.abs(np.subtract(ours, theirs))
    with style():
        figure = Figure(figsize=(10, 4))
        left, right = figure.subplots(1, 2)
        left.plot(theirs, label="Keras")
        left.plot(ours, "o", mfc="none", markevery=5, label="minigrad")
        left.set(xlabel="step", ylabel="loss of the batch", title="two curves, one line")
        left.legend()
        right.semilogy(np.maximum(difference, 1e-9), "k.")
        right.axhspan(1e-9, 2.4e-7, color="0.9", label="neighboring float32 numbers")
        right.set(xlabel="step", ylabel="difference of the two", title="what lies between them")
        right.set_ylim(5e-10, max(1e-4, 2 * float(difference.max())))
        right.legend(loc="upper left")
    if difference.max() < 1e-4:
        told = "The two loss curves lie on each other; they differ by less than 0.0001"
    else:
        told = f"The two loss curves differ by up to {difference.max():.0e}"
    return show(figure, alt=told)


def apart(curves: Mapping[str, Any], alt: str) -> Any:
    """How far the losses of pairs of training runs are apart, step by step.

    Args:
        curves: For each name, an array of shape (steps,).
        alt: What the chart shows, in a sentence.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons.charts import apart
        >>> apart({"float32": [0.0, 1e-7], "float64": [0.0, 1e-16]}, "float64 lies lower")
        <Figure: float64 lies lower>
    """
    import numpy as np
    from matplotlib.figure import Figure

    from minigrad.display import show, style

    with style():
        figure = Figure(figsize=(8, 4))
        ax = figure.subplots()
        for (name, curve), mark in zip(curves.items(), "sox^", strict=False):
            equal_to_the_bit = np.equal(curve, 0)
            ax.semilogy(np.where(equal_to_the_bit, np.nan, curve), mark, mfc="none", label=name)
        ax.set(xlabel="step", ylabel="difference of the losses", ylim=(3e-18, 1))
        ax.legend(ncols=3, loc="center right", bbox_to_anchor=(1, 0.4))
    return show(figure, alt=alt)


def recorded(theirs: Sequence[float], ours: Sequence[float]) -> Any:
    """Keras's loss curve as it was recorded, and minigrad's first epochs on it.

    Args:
        theirs: The mean loss of each epoch.
        ours: The same of the first epochs.

    Returns:
        An object that a notebook shows as the picture.

    Example:
        >>> from minigrad_course.lessons.charts import recorded
        >>> recorded([2.0, 0.5, 0.01], [2.0, 0.5])
        <Figure: minigrad's 2 points lie on Keras's curve, from 2 down to about 0.5>
    """
    from matplotlib.figure import Figure

    from minigrad.display import show, style

    with style():
        figure = Figure(figsize=(8, 4))
        ax = figure.subplots()
        epochs = f"{len(theirs)} epochs (recorded)", f"{len(ours)} epochs (now)"
        ax.plot(range(1, len(theirs) + 1), theirs, label=f"Keras, {epochs[0]}")
        ax.plot(range(1, len(ours) + 1), ours, "o", mfc="none", label=f"minigrad, {epochs[1]}")
        ax.set(xlabel="epoch", ylabel="mean loss of the epoch", title="100 pictures, one at a time")
        ax.legend()
    falls = f"from {ours[0]:.1g} down to about {ours[-1]:.1g}"
    return show(figure, alt=f"minigrad's {len(ours)} points lie on Keras's curve, {falls}")
