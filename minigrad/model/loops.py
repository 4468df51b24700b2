"""The three loops over batches: training, testing and predicting.

A step is: give the runner a batch, let it compute, count what came out. What a step does with
the batch is the runner's; what happens beside the steps is the callbacks'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.callbacks.hooks import CallbackList
from minigrad.model import samples
from minigrad.model.compiled import Logs
from minigrad.model.progress import ProgressLine

if TYPE_CHECKING:
    from minigrad.model.sequential import Sequential

__all__ = ["predict", "test", "train_epoch"]


def train_epoch(
    model: Sequential,
    x: np.ndarray,
    y: np.ndarray,
    order: np.ndarray | None,
    batches: list[tuple[int, int]],
    hooks: CallbackList,
    line: ProgressLine,
) -> None:
    """Go through the set once, and change the weights after each batch.

    Args:
        model: The model; it counts the metrics.
        x: Samples, an array of shape (samples, …).
        y: Targets, an array of shape (samples, …).
        order: The samples' numbers in the order in which to take them; ``None`` for as it is.
        batches: Where each batch begins and ends.
        hooks: The callbacks.
        line: The progress line of the epoch.
    """
    model.reset_metrics()
    for step, (start, stop) in enumerate(batches):
        if "on_train_batch_begin" in hooks.watched:
            hooks.call("on_train_batch_begin", step, None)
        runner = model.runner(stop - start, True, True, x.dtype)
        runner.load(x, y, slice(start, stop) if order is None else order[start:stop])
        runner.train_step()
        model.count(runner)
        if "on_train_batch_end" in hooks.watched:
            hooks.call("on_train_batch_end", step, model.logs())
        if model.stop_training:
            break
        line.step(step + 1, model.logs)
    model.release()


def test(
    model: Sequential,
    x: np.ndarray,
    y: np.ndarray | None,
    batch_size: int,
    hooks: CallbackList,
    line: ProgressLine | None,
) -> Logs:
    """Loss and metrics over a set.

    Args:
        model: The model; it counts the metrics.
        x: Samples, an array of shape (samples, …).
        y: Targets, an array of shape (samples, …).
        batch_size: Samples in a step.
        hooks: The callbacks.
        line: A progress line, or ``None`` for none.
    """
    hooks.call("on_test_begin", None)
    model.reset_metrics()
    for step, (start, stop) in enumerate(samples.batches(len(x), batch_size)):
        if "on_test_batch_begin" in hooks.watched:
            hooks.call("on_test_batch_begin", step, None)
        runner = model.runner(stop - start, False, True, x.dtype)
        runner.load(x, y, slice(start, stop))
        runner.test_step()
        model.count(runner)
        if "on_test_batch_end" in hooks.watched:
            hooks.call("on_test_batch_end", step, model.logs())
        if line:
            line.step(step + 1, model.logs)
    model.release()
    logs = model.logs()
    hooks.call("on_test_end", logs)
    return logs


def predict(
    model: Sequential,
    x: np.ndarray,
    batches: list[tuple[int, int]],
    hooks: CallbackList,
    line: ProgressLine,
) -> np.ndarray:
    """Predictions for a set.

    Args:
        model: The model.
        x: Samples, an array of shape (samples, …).
        batches: Where each batch begins and ends.
        hooks: The callbacks.
        line: A progress line.

    Returns:
        An array of shape (samples, …).
    """
    predictions = np.empty((len(x), *model.output_shape[1:]), model.dtype)
    hooks.call("on_predict_begin", None)
    for step, (start, stop) in enumerate(batches):
        if "on_predict_batch_begin" in hooks.watched:
            hooks.call("on_predict_batch_begin", step, None)
        runner = model.runner(stop - start, False, False, x.dtype)
        runner.load(x, None, slice(start, stop))
        runner.test_step()
        predictions[start:stop] = runner.outputs
        if "on_predict_batch_end" in hooks.watched:
            hooks.call("on_predict_batch_end", step, {"outputs": predictions[start:stop]})
        line.step(step + 1, dict)
    model.release()
    hooks.call("on_predict_end", None)
    return predictions
