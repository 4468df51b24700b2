"""What a graph of layers is compiled with: an optimizer, a loss and metrics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad import losses, optimizers
from minigrad import metrics as metrics_module
from minigrad.model.counting import Counters
from minigrad.model.functional import Functional
from minigrad.model.several import SeveralCounters, Together, for_each
from minigrad.shared import lookup
from minigrad.shared.arguments import brief, title
from minigrad.shared.turns import Lock, in_turn


class Compiled(Functional):
    """A graph of layers, with an optimizer, a loss and metrics.

    Attributes:
        run_eagerly: Whether the graph is walked node by node.
    """

    run_eagerly = False
    _optimizer: optimizers.Optimizer | None = None
    _loss: losses.Loss | None = None
    _metric_names: Sequence[Any] = ()  # as compile() was given them
    _counters: Counters | None = None  # once the shapes are known
    _remarked = False  # whether a warning was given since compile()
    _missed: list[str]  # weights that no gradient reaches, as far as they were spoken of
    _training = False  # whether fit is under way

    # The weights in a file are those of one step, also where another thread trains the model.
    save_weights, load_weights = in_turn(Functional.save_weights), in_turn(Functional.load_weights)
    save = in_turn(Functional.save)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._turn, self._counting_lock = Lock(), Lock()
        super().__init__(*arguments, **options)

    def _forget(self) -> None:
        """Throw away the counters, too: what they count was chosen by the shapes there were."""
        super()._forget()
        self._counters = None

    def __repr__(self) -> str:
        how = f", compiled with {self.optimizer!r}" if self.optimizer is not None else ""
        return f"{super().__repr__()[:-1]}{how}>"

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """How a gradient changes the weights; ``None`` before :meth:`compile`."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._optimizer, counters = None if value is None else optimizers.get(value), self._counters
        self._forget()  # plans are made for an optimizer
        self._counters = counters  # metrics are not

    @property
    def loss(self) -> losses.Loss | None:
        """What is made small; ``None`` before :meth:`compile`."""
        return self._loss

    @loss.setter
    def loss(self, value: Any) -> None:
        self._loss = None if value is None else losses.get(value)
        self._forget()  # networks end in a loss

    @property
    def metrics(self) -> list[metrics_module.Metric]:
        """What is counted, once the shapes are known: the loss, and the metrics named."""
        return [] if self._counters is None else self._counters.metrics

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers are called that ``evaluate`` returns, once the shapes are known."""
        known = self.loss is not None and len(self._outputs) > 0
        return list(self._prepare_counters().keys) if known else []

    def get_metrics_result(self) -> dict[str, float]:
        """What the metrics have counted, by their names."""
        return {} if self._counters is None else self._counters.logs()

    def reset_metrics(self) -> None:
        """Forget what the metrics have counted."""
        if self._counters is not None:
            self._counters.reset()

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: Name or instance; see ``mg.optimizers``.
            loss: Name, instance or function; see ``mg.losses``. For several outputs a list, or
                a dictionary by their names; the sum is made small.
            loss_weights: How much the loss of each output counts in the sum, likewise.
            metrics: List of names, instances or functions; see ``mg.metrics``. For several
                outputs a list of lists, or a dictionary.
            weighted_metrics: Not covered.
            run_eagerly: Whether to walk the graph node by node.
            steps_per_execution: Not covered.
            jit_compile: Has no meaning here.
            auto_scale_loss: Has no meaning here.

        Raises:
            ValueError: For names and arguments that are not covered.
        """
        if self._training:
            raise RuntimeError(f"{title(self)} is being trained: compile it before fit or after")
        lookup.refuse(
            "compile",
            weighted_metrics=(weighted_metrics, None, []),
            steps_per_execution=(steps_per_execution, 1),
        )
        new_optimizer = optimizers.get(optimizer)
        new_loss, found = self._losses(loss, loss_weights), self._metrics(metrics)
        if new_loss is not None and new_loss.reduction == "none":
            raise ValueError(f"compile: {new_loss.name} with reduction='none' is no single number")
        self.optimizer, self.loss = new_optimizer, new_loss
        self._metric_names = found
        self._counters, self._remarked = None, False
        self.run_eagerly = bool(run_eagerly)

    def _losses(self, loss: Any, weights: Any) -> losses.Loss | None:
        """The loss, or those of several outputs."""
        if len(self._outputs) > 1 and loss is not None:
            return Together(loss, weights, self._outputs)
        loss, weights = alone(loss), alone(weights)
        several = isinstance(loss, (list, tuple, dict)) and not lookup.is_told(loss)
        if several or isinstance(weights, (list, tuple, dict)):
            raise ValueError(
                f"compile: {title(self)} has one output, and one loss; a Model(inputs, outputs) has "
                f"several. Got loss={brief(loss)}, loss_weights={brief(weights)}"
            )
        lookup.refuse("compile: of one output", loss_weights=(weights, None, 1, 1.0))
        return None if loss is None else losses.get(loss)

    def _metrics(self, metrics: Any) -> list[Any]:
        """The metrics, or a list of them for each of several outputs, checked."""
        if (several := len(self._outputs) > 1) and metrics:
            names = [tensor.name for tensor in self._outputs]
            found = for_each(names, metrics, "compile: metrics")
            if not isinstance(metrics, (list, tuple, dict)):
                raise ValueError(f"compile: metrics is a list for each output, got {metrics!r}")
        else:
            if isinstance(alone(metrics), (list, tuple)):
                metrics = alone(metrics)  # a list for each output, of which there is one
            if not isinstance(metrics, (list, tuple)) and metrics is not None:
                raise ValueError(
                    f"compile: metrics is a list such as ['accuracy'], got {metrics!r}"
                )
            found = list(metrics or ())
        for each in found:
            for metric in each if isinstance(each, (list, tuple)) else [each]:
                if metric is not None or not several:
                    metrics_module.check(metric)
        return found

    def _check_compiled(self, method: str) -> None:
        """Refuse what needs an optimizer and a loss if there is none."""
        if self.optimizer is None:
            raise ValueError(f"{title(self)}: call model.compile(optimizer, loss) before {method}")
        if self.loss is None:
            raise ValueError(f"{title(self)}: {method} needs a loss: model.compile(…, loss=…)")

    def _prepare_counters(self) -> Counters:
        """Choose the metrics, now that the shapes of targets and predictions are known."""
        if self._counters is None:
            assert self.loss is not None
            shape = self._packed_shape()
            if isinstance(self.loss, Together):
                named = self._metric_names or [None] * len(self._outputs)
                self._counters = SeveralCounters(self.loss, named)
            else:
                targets = shape[:-1] if self.loss._whole_numbers else shape
                self._counters = Counters(self._metric_names, targets, shape)
        return self._counters

    @contextmanager
    def _counting(self) -> Iterator[Counters]:
        """The model's counters, or others like them while another thread counts with these."""
        counters = self._prepare_counters()
        if self._counting_lock.take_if_free():
            try:
                yield counters
            finally:
                self._counting_lock.release()
        else:
            yield counters.another()


def alone(value: Any) -> Any:
    """The only item of a list or a dictionary, as scripts write it for a model's only output."""
    value = list(value.values()) if isinstance(value, dict) and len(value) == 1 else value
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
