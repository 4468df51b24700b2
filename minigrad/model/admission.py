"""What data a model lets in: checked, and brought into the shapes and dtypes of its graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minigrad.layers import InputLayer
from minigrad.layers.building import as_it_was
from minigrad.model import samples
from minigrad.model.data import Arrays, Data, Stream, is_stream
from minigrad.model.runners import Running
from minigrad.model.several import Together
from minigrad.shared.arguments import title


class Admitting(Running):
    """A compiled model that checks what it is given before anything has changed."""

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Leave the model as it was if preparing it for a method fails."""
        if self.built:
            yield  # checking changes nothing
            return
        try:
            with as_it_was(self, always=False):
                yield
        except BaseException:
            self._forget()
            raise

    def _data(
        self,
        method: str,
        given: tuple[Any, Any, Any],
        class_weight: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool = False,
        targets: bool = True,
    ) -> Data:
        """The set that a method was given, checked; of what yields batches only the first is.

        Use it within :meth:`_all_or_nothing`: a model that does not know its input yet learns it.

        Args:
            method: What was called, for errors.
            given: Samples or what yields batches, targets, and weights.
            class_weight: Weights of classes.
            batch_size: How many samples make a batch.
            steps: How many batches make an epoch.
            shuffle: Whether to take them in another order each time.
            targets: Whether there have to be targets.
        """
        # IPython leaves it out: the line of the reader's own stays in view
        __tracebackhide__ = True
        x, y, weights = given
        if not is_stream(x):
            parts = self._weighed(given, class_weight, targets, method)
            return Arrays(parts, batch_size, steps, shuffle)
        if y is not None or weights is not None:
            raise ValueError(
                f"{method}: x yields batches, so that targets and weights come with each of them, "
                "as (x, y, sample_weight), and not besides"
            )
        return Stream(x, partial(self._batch, class_weight, targets), method, steps, shuffle)

    def _prepare(self, data: Data, training: bool, with_loss: bool = True) -> None:
        """Make what the first batch of a set is computed by."""
        first = data.first()
        self.network(first.size, training, with_loss, first.x.dtype, first.weighted)
        if with_loss:
            self._prepare_counters()

    def _batch(self, class_weight: Any, targets: bool, item: Any, what: str) -> Any:
        """A batch that somebody has yielded, checked."""
        return self._weighed(samples.unpack(item, what), class_weight, targets, what)

    def _weighed(
        self, given: tuple[Any, Any, Any], class_weight: Any, targets: bool, what: str
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Samples, targets and weights, checked."""
        __tracebackhide__ = True
        x, y = self._admit(*given[:2], what, targets)
        weights = given[2]
        if y is None or (weights is None and class_weight is None):
            return x, y, None
        if isinstance(self.loss, Together):
            if class_weight is not None:
                raise ValueError(
                    f"{what}: class_weight is for a model with one output, as in Keras"
                )
            return x, y, self.loss.pack_weights(weights, len(x), self.dtype, what)
        shape = (len(x), *self._packed_shape()[1:])
        if class_weight is None:
            return x, y, samples.as_weights(weights, shape[:-1], self.dtype, what)
        if weights is not None:
            raise ValueError(f"{what}: there are sample_weight and class_weight; one will do")
        return x, y, samples.of_classes(class_weight, y, shape[-1], self.dtype, what)

    def _admit(
        self, x: Any, y: Any, what: str, targets: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets, checked, in the shapes and dtypes of the graph."""
        __tracebackhide__ = True
        if targets and y is not None and isinstance(self.loss, Together):
            y = self.loss.pack(y, what)
        if not self._inputs and self._is_subclass() and are_inputs(x):
            self._several = True, False
            self._inputs = tuple(InputLayer(each.shape[1:]).output for each in x)
        x, y = samples.as_samples(self._packed(x, what), y if targets else None, what)
        if targets and y is None:
            raise ValueError(f"{what}: y is missing; data are a pair (x, y)")
        if not self.built:
            shapes = [tensor.shape for tensor in self._inputs]
            self._make_weights(shapes if self._several[0] else (None, *x.shape[1:]))
        if not self._inputs:  # a formula of one's own
            self._inputs = (InputLayer(x.shape[1:]).output,)
        x = samples.of_shape(x, self._entry.shape, what, title(self))
        x = samples.finite(x, self._entry_dtype(x), f"{what}: x")
        if y is not None and self.loss is not None:
            try:
                y = self.loss._check_targets(y, self._packed_shape())
            except ValueError as error:
                raise ValueError(f"{what}: {error}") from None
            dtype = np.intp if self.loss._whole_numbers else self.dtype
            y = samples.finite(y, dtype, f"{what}: y")
        return x, y

    def _packed(self, x: Any, method: str) -> Any:
        """The samples of several inputs in one array."""
        names = [tensor.name for tensor in self._inputs]
        if isinstance(x, dict):
            if sorted(x) != sorted(names):
                of_model = f"of the model are {', '.join(names)}" if names else "have no names"
                raise ValueError(
                    f"{method}: x is a dictionary of {', '.join(map(str, x))}; the inputs {of_model}"
                )
            x = [x[name] for name in names]
        if not self._several[0]:
            whole = isinstance(x, (list, tuple)) and len(x) == 1 and self._inputs
            if whole and np.ndim(x[0]) == len(self._inputs[0].shape):
                return x[0]  # a list of the model's inputs, of which there is one
            return x
        if not isinstance(x, (list, tuple)) or len(x) != len(names):
            raise ValueError(
                f"{method}: x is a list of {len(names)} arrays, for the inputs {', '.join(names)}"
            )
        found = [
            samples.as_samples(each, None, f"{method}: {n}")[0]
            for each, n in zip(x, names, strict=True)
        ]
        if len({len(each) for each in found}) > 1:
            raise ValueError(f"{method}: the inputs have {[len(each) for each in found]} samples")
        fit = zip(found, self._inputs, names, strict=True)
        return self._entry.pack(
            samples.of_shape(each, t.shape[1:], f"{method}: {n}", title(self)) for each, t, n in fit
        )

    def _unpack(self, predictions: np.ndarray) -> Any:
        """The predictions of each output, as a list if there are several."""
        return self._one_of(self._exit.split(predictions), self._several[1])


def are_inputs(x: Any) -> bool:
    """Whether these are several arrays of samples: what a ``call`` of one's own takes apart."""
    several = isinstance(x, (list, tuple)) and len(x) > 1
    return several and all(len(getattr(each, "shape", ())) > 1 for each in x)
