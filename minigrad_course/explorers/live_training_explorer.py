"""Training that can be watched, and stopped: a curve that grows, and a button."""

from __future__ import annotations

import time
from typing import Any

import ipywidgets as widgets
import numpy as np

from minigrad.callbacks import Callback
from minigrad.display import Explorer, show, style

__all__ = ["LiveTraining", "live_training"]


class LiveTraining(Callback):
    """A callback that draws the loss while a model learns, beside a button that stops it.

    Show ``live.explorer`` before ``fit``, and give ``fit`` the callback. The button ends training
    after the present step; the weights are those that were reached, and ``fit`` returns as usual.
    (A notebook program passes it on while the cell runs if its kernel has subshells: ipykernel 7.
    Without them, interrupt the kernel: the weights are good then as well.)

    Args:
        every: Seconds from one picture to the next, at least.
        smooth: The curve is the mean of so many steps.

    Attributes:
        losses: The loss of each step so far.
        explorer: The picture and the button; its control is ``"stop"``.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> from minigrad_course import explorers
        >>> model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> live = explorers.live_training()
        >>> live.explorer
        <Explorer: Training has not begun.>
        >>> x, y = np.ones((40, 2)), 9 * np.ones((40, 1))
        >>> history = model.fit(x, y, batch_size=10, epochs=2, verbose=0, callbacks=[live])
        >>> live.explorer
        <Explorer: The loss of 8 steps in 2 epochs, which has fallen.>
    """

    def __init__(self, every: float = 2.0, smooth: int = 20) -> None:
        self.every, self.smooth = every, smooth
        self.losses: list[float] = []
        self.total = 0.0  # the losses of the epoch so far
        self.ends: list[int] = []  # how many steps there were when an epoch ended
        self.held_out: list[float] = []
        button = widgets.ToggleButton(False, description="Stop training", icon="stop")
        self.explorer = Explorer(self.draw, {"stop": button}, size=(8.0, 3.8))
        # pressed in another thread than the one that trains and draws, which looks now and then
        button.unobserve(self.explorer.update, names="value")
        listen_while_a_cell_runs(button)

    # -- while the model learns -------------------------------------------------------------
    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.losses, self.ends, self.held_out = [], [], []
        self.explorer.controls["stop"].value = False
        self.explorer.layout.display = None
        self.drawn = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # What is reported is the mean since the epoch began: the step's own is what it added.
        total = (logs or {})["loss"] * (batch + 1)
        self.losses.append(total - (self.total if batch else 0.0))
        self.total = total
        if self.explorer.controls["stop"].value:
            self.model.stop_training = True
        elif time.perf_counter() - self.drawn > self.every:
            self.explorer.update()
            self.drawn = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.ends.append(len(self.losses))
        if "val_loss" in (logs or {}):
            self.held_out.append((logs or {})["val_loss"])

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.explorer.update()

    # -- the picture ----------------------------------------------------------------------------
    def draw(self, figure: Any, stop: bool = False) -> str:
        """Draw the curve so far, and say in words what it shows."""
        ax = figure.add_subplot()
        ax.set(xlabel="step", ylabel="loss")
        if not self.losses:
            note = "The curve appears here while the network learns."
            ax.text(0.5, 0.5, note, ha="center", transform=ax.transAxes)
            return "Training has not begun."
        window = max(1, min(self.smooth, len(self.losses) // 4))
        curve = np.convolve(self.losses, np.ones(window) / window, mode="valid")
        steps = np.arange(window, len(self.losses) + 1)
        ax.plot(steps, curve, label=f"of the batch (mean of {window} steps)")
        if self.held_out:
            ax.plot(self.ends, self.held_out, "s--", label="of the pictures held out")
        ax.set_ylim(0, min(2.6, 1.1 * max(curve)))
        ax.legend(loc="upper right")
        falls = "which has fallen" if curve[-1] < curve[0] else "which has not fallen yet"
        epochs = f"{len(self.ends)} epoch{'s' * (len(self.ends) != 1)}"
        stopped = " Stopped by hand." if stop else ""
        return f"The loss of {len(self.losses)} steps in {epochs}, {falls}.{stopped}"

    def still(self) -> Any:
        """The picture as it is now, for the last line of a cell; the one that moved goes."""
        from matplotlib.figure import Figure

        self.explorer.layout.display = "none"
        with style():
            figure = Figure(figsize=self.explorer.size)
            return show(figure, self.draw(figure, self.explorer.controls["stop"].value))


live_training = LiveTraining  # as the other explorers are called


def listen_while_a_cell_runs(control: Any) -> None:
    """Let a control's messages be handled beside the cell that runs, where the kernel can.

    ipykernel hands them to the loop from which the control spoke last. That is the one which made
    it, and which is busy now; when that is forgotten, they take the notebook program's own way.
    """
    vars(control.comm).pop("_reply_subshell_id", None)
