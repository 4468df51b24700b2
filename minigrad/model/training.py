"""Keras's methods to train, test and use a model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.callbacks import CallbackList, History
from minigrad.layers.base import numbered
from minigrad.model import samples, state_file
from minigrad.model.admission import Admitting
from minigrad.model.counting import Predictions
from minigrad.model.data import Arrays, Data
from minigrad.model.loop import Loop
from minigrad.model.progress import ProgressLine, check_verbose
from minigrad.shared.arguments import title, whole
from minigrad.shared.lookup import at_hand
from minigrad.shared.turns import in_turn

KERAS_ONLY = {
    "export": "save_weights and load_weights keep the weights",
    "get_config": "a model is the script that builds it, and to_json tells of it",
    "from_config": "a model is the script that builds it",
    "quantize": "weights are float32",
}
# What a model of one's own may redefine in Keras, and what fit here would never call.
STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")


class Model(Admitting):
    """A graph of layers, and Keras's methods to train and use it.

    Args:
        inputs: What ``Input(shape)`` has given, or a list of such.
        outputs: The tensor, or a list of tensors, that is to be predicted.
        name: What to call it.
        trainable: Whether ``fit`` changes the weights.

    A model of one's own is derived from it: layers as attributes, and a ``call`` that calls them.

    Raises:
        TypeError: When inputs or outputs are no symbolic tensors.
        ValueError: When an input is missing, or two layers have one name.

    Example:
        A branch that is added to what it began from:

        >>> import minigrad as mg
        >>> x = mg.Input((8,))
        >>> y = mg.layers.Dense(8, "relu")(x)
        >>> model = mg.Model(x, mg.layers.Dense(2)(x + y))
        >>> model.output_shape, model.count_params()
        ((None, 2), 90)
    """

    # What a layer has and a model has not; asked for, it is looked for in vain, see __getattr__.
    get_config = from_config = property()  # type: ignore[assignment]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in STEPS:
            if name in vars(cls):
                raise TypeError(
                    f"{cls.__name__}.{name} is not covered: fit has a step of its own. "
                    f"{at_hand()}.GradientTape is for steps of one's own."
                )

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self.history: History | None = None
        self.stop_training = False
        if name is None and type(self) is Model:
            name = numbered("functional")  # as Keras calls it
        super().__init__(name=name, trainable=trainable)
        self._layers = []
        self._forget()
        if inputs is not None or outputs is not None:
            self._join(inputs, outputs)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train.

        Ctrl-C ends training where it is: the weights are good, and ``model.history`` holds
        the epochs that were finished.

        Args:
            x: Samples, an array of shape (samples, …); or what yields batches (x, y) or
                (x, y, sample_weight): a generator, a data set or loader of some library, an
                object whose ``x[i]`` is a batch.
            y: Targets, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default. The last batch may be smaller. What
                yields batches decides for itself.
            epochs: The number at which to stop; how often to go through the set.
            verbose: 0 for silence, 1 or ``"auto"`` for a progress line, 2 for a line an epoch.
            callbacks: Instances of ``mg.callbacks.Callback``.
            validation_split: Part of the set, its last, that is kept for validation.
            validation_data: What to validate with instead: (x, y), (x, y, sample_weight), or
                what yields such batches.
            shuffle: Whether each epoch goes through the set in another order.
            class_weight: How much the samples of a class count in the loss, as a dictionary by
                class numbers; 1 for the others.
            sample_weight: How much each sample counts in the loss, of shape (samples,). The mean
                divides by the number of samples all the same. For several outputs a list, or a
                dictionary by their names.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: Steps in an epoch; by default those that the set has.
            validation_steps: Steps of validation; by default those that its set has.
            validation_batch_size: Samples in a step of validation; ``batch_size`` by default.
            validation_freq: After how many epochs to validate, or a list of these epochs' numbers,
                of which the first is 1.

        Returns:
            A history, whose ``history`` has a list of numbers for each metric.

        Raises:
            ValueError: When an argument makes no sense, or data do not fit. Nothing has changed
                then; a batch that comes later and does not fit ends training where it is.
            FloatingPointError: When the loss of a step is not finite: the weights are those
                before it; or a weight is not, when an epoch ends: they are those before the epoch.
        """
        self._check_compiled("fit")
        epochs = whole("fit", "epochs", epochs, least=0)
        initial_epoch = whole("fit", "initial_epoch", initial_epoch, least=0)
        size = perhaps("fit", "batch_size", batch_size)
        steps = perhaps("fit", "steps_per_epoch", steps_per_epoch)
        test_size = perhaps("fit", "validation_batch_size", validation_batch_size) or size
        test_steps = perhaps("fit", "validation_steps", validation_steps)
        due, shuffle = validated(validation_freq), check_shuffle(shuffle)
        check_verbose(verbose)
        hooks, history = with_history(callbacks)
        tested: Data | None = None
        with self._all_or_nothing():
            data = self._data("fit", (x, y, sample_weight), class_weight, size, steps, shuffle)
            if validation_data is not None:
                given = samples.unpack(validation_data, what := "fit: validation_data")
                tested = self._data(what, given, None, test_size, test_steps)
                tested.first()
            elif validation_split:
                first, (*pair, weights) = samples.split(data.parts, validation_split)
                data = Arrays(first, size, steps, shuffle)
                weights = None if class_weight is not None else weights  # for training only
                tested = Arrays((*pair, weights), test_size, test_steps)
            self._prepare(data, True)
        hooks.set_model(self)
        hooks.set_params({"verbose": verbose, "epochs": epochs, "steps": data.steps})

        self.history, self.stop_training, self._first_epoch = history, False, initial_epoch
        with self._counting() as counters, self._being_trained():
            loop = Loop(self, hooks, counters, verbose)
            loop.train(data, lambda number: tested if due(number) else None, epochs)
        return history

    @in_turn
    def _note_state(self, path: Path, epoch: int) -> None:
        """Write down where training is, before an epoch."""
        state_file.write(path, self, epoch)

    @in_turn
    def _go_on_from(self, path: Path) -> None:
        """Have ``fit``, which is just beginning, go on from where a file says."""
        self._first_epoch = state_file.read(path, self)

    @contextmanager
    def _being_trained(self) -> Iterator[None]:
        self._training = True
        try:
            yield
        finally:
            self._training = False

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics over a set.

        Args:
            x: Samples, or what yields batches; see :meth:`fit`.
            y: Targets, an array of shape (samples, …).
            batch_size: Samples in a step; 32 by default.
            verbose: See :meth:`fit`.
            sample_weight: How much each sample counts in the loss, of shape (samples,).
            steps: After how many steps to end; by default when the set ends.
            callbacks: Instances of ``mg.callbacks.Callback``.
            return_dict: Whether to return a dictionary.

        Returns:
            The loss; with metrics a list that begins with it, or a dictionary.

        Raises:
            ValueError: When an argument makes no sense, or data do not fit.
        """
        self._check_compiled("evaluate")
        size = perhaps("evaluate", "batch_size", batch_size)
        steps = perhaps("evaluate", "steps", steps)
        check_verbose(verbose)
        hooks = CallbackList(callbacks)
        with self._all_or_nothing():
            data = self._data("evaluate", (x, y, sample_weight), None, size, steps)
            self._prepare(data, False)
        line = self._announced(hooks, data, verbose)
        with self._counting() as counters:
            logs = Loop(self, hooks, counters).test(data, line)
        line.finish(logs)
        return counters.results(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Predictions for samples.

        Args:
            x: Samples, or what yields batches of them; see :meth:`fit`.
            batch_size: Samples in a step; 32 by default.
            verbose: See :meth:`fit`.
            steps: After how many steps to end; by default when the set ends.
            callbacks: Instances of ``mg.callbacks.Callback``.

        Returns:
            An array of shape (samples, …), or a list of them if the model has several outputs.

        Raises:
            ValueError: When an argument makes no sense, or data do not fit.
        """
        size = perhaps("predict", "batch_size", batch_size)
        steps = perhaps("predict", "steps", steps)
        check_verbose(verbose)
        hooks = CallbackList(callbacks)
        with self._all_or_nothing():
            data = self._data("predict", (x, None, None), None, size, steps, targets=False)
            self._prepare(data, False, with_loss=False)
        line, found = self._announced(hooks, data, verbose), Predictions(self._unpack)
        hooks.on_predict_begin()
        Loop(self, hooks, found).through("predict", data, line)
        hooks.on_predict_end()
        line.finish({})
        return found.result()

    def _announced(self, hooks: CallbackList, data: Data, verbose: int | str) -> ProgressLine:
        """Tell the callbacks of a method what it goes through, and begin a line about it."""
        hooks.set_model(self)
        hooks.set_params({"verbose": verbose, "epochs": 1, "steps": data.steps})
        return ProgressLine(data.steps, verbose)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one training step.

        Args:
            x: The batch's samples, an array of shape (batch, …).
            y: Its targets.
            sample_weight: How much each sample counts in the loss, of shape (batch,).
            class_weight: The same by class numbers, a dictionary.
            return_dict: Whether to return a dictionary.

        Returns:
            Loss and metrics before the step, as :meth:`evaluate` returns them.

        Raises:
            ValueError: When an argument makes no sense, or data do not fit.
        """
        given = x, y, sample_weight
        return self._step_on_batch("train_on_batch", given, class_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch; arguments as in :meth:`train_on_batch`."""
        return self._step_on_batch("test_on_batch", (x, y, sample_weight), None, return_dict)

    def _step_on_batch(
        self, method: str, given: tuple[Any, Any, Any], class_weight: Any, return_dict: bool
    ) -> Any:
        """One step on a batch: what the two methods above have in common."""
        self._check_compiled(method)
        use = method.removesuffix("_on_batch")
        with self._all_or_nothing():
            parts = self._weighed(given, class_weight, True, method)
            data = Arrays(parts, len(parts[0]))
            self._prepare(data, use == "train")
        with self._counting() as counters:
            Loop(self, CallbackList(), counters).through(use, data)
            return counters.results(counters.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Predictions for one batch.

        Args:
            x: The batch's samples, an array of shape (batch, …).

        Returns:
            An array of shape (batch, …).
        """
        size = len(x) if hasattr(x, "__len__") else 1
        return self.predict(x, batch_size=max(size, 1), verbose=0)

    def __getattr__(self, name: str) -> Any:
        if name in ("input", "output"):
            raise AttributeError(f"{title(self)} does not know its input yet: see mg.Input")
        if name in KERAS_ONLY:
            raise AttributeError(
                f"{type(self).__name__}.{name} is not covered: {KERAS_ONLY[name]}. "
                f"{at_hand()}.interop.to_keras(model) hands the model to Keras, which has {name}."
            )
        return super().__getattr__(name)


def with_history(callbacks: Any) -> tuple[CallbackList, History]:
    """The callbacks and, last of them, a history: one of the user's own, or a new one."""
    hooks = CallbackList(callbacks)
    for callback in hooks.callbacks:
        if isinstance(callback, History):
            return hooks, callback
    history = History()
    hooks.append(history)
    return hooks, history


def check_shuffle(shuffle: Any) -> bool:
    """The value of ``shuffle``, if it is one."""
    if not isinstance(shuffle, (bool, np.bool_, int)):
        raise ValueError(f"fit: shuffle is True or False, got {shuffle!r:.60}")
    return bool(shuffle)


def perhaps(method: str, argument: str, value: Any) -> int | None:
    """A whole number, or ``None`` where none was given."""
    return None if value is None else whole(method, argument, value)


def validated(frequency: Any) -> Callable[[int], bool]:
    """Whether to validate after an epoch, of which the first is number 1."""
    if isinstance(frequency, (list, tuple, set)):
        return {whole("fit", "validation_freq", number) for number in frequency}.__contains__
    every = whole("fit", "validation_freq", frequency)
    return lambda epoch: epoch % every == 0
