"""What computes a network: ``Eager`` node by node, ``Plan`` by lists of calls made once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad import engine
from minigrad.engine.eager import Eager
from minigrad.engine.network import Network
from minigrad.engine.threads import get_threads
from minigrad.graph import Variable
from minigrad.model.networks import KEPT, Networks, recent, with_gradient
from minigrad.model.steps import Runner
from minigrad.shared.arguments import whole
from minigrad.shared.turns import join

if TYPE_CHECKING:
    from minigrad.display.plan_table import PlanTable


class Running(Networks):
    """A graph of layers, and the runners that compute its networks."""

    def _forget(self) -> None:
        """Throw away the runners, too."""
        super()._forget()
        self._runners: OrderedDict[Any, Runner] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        # A copy makes its own networks and runners: copied arrays would share no memory.
        own: dict[str, Any] = {"_networks": OrderedDict(), "_runners": OrderedDict()}
        own |= {"_moving": set(), "_training": False}
        return {**vars(self), **own}

    def _runner(
        self,
        batch_size: int,
        training: bool = False,
        with_loss: bool = True,
        input_dtype: Any = None,
    ) -> Runner:
        """What computes the network of these arguments; see :meth:`network`."""
        return self._runners_for(training, with_loss)(batch_size, input_dtype)

    def _runners_for(self, training: bool, with_loss: bool) -> Callable[..., Runner]:
        """What gives the runner for a batch; asked in every step of a loop."""
        join(self._turn, [*self.weights, *([self.optimizer] if self.optimizer else [])])
        known: dict[Any, Runner] = {}  # by what a step of this loop asked for
        owner = self._runners

        def runner(
            size: int, input_dtype: Any = None, weighted: tuple[int, ...] | None = None
        ) -> Runner:
            nonlocal known, owner
            if owner is not self._runners:  # all were thrown away
                known, owner = {}, self._runners
            asked = size, input_dtype, weighted, get_threads()
            if asked in known:
                return known[asked]
            # What a callback has changed since the loop began is in the key as in what is made.
            costing = self.trainable_weights if training or with_loss else []
            settings = self.run_eagerly, tuple(map(id, costing)), self._settings()
            key = *asked, training, with_loss, *settings
            if key not in self._runners:
                given = training, with_loss, input_dtype, weighted
                if self.run_eagerly:
                    network = self.network(size, *given)
                    trained = self._trained(network) if training else []
                    self._runners[key] = Eager(network, trained, self.optimizer)
                else:
                    self._runners[key] = self._planned(size, *given)
            if len(known) == KEPT:
                known.clear()
            known[asked] = recent(self._runners, key)
            return known[asked]

        return runner

    def _release(self) -> None:
        """Let all runners forget the data set."""
        with self._turn.own, self._turn.own:
            for runner in self._runners.values():
                runner.release()

    def _planned(self, batch_size: int, training: bool, *given: Any) -> engine.Plan:
        """A runner that goes by a plan; arguments as of :meth:`network`."""

        def build(size: int) -> Network:
            return self.network(size, training, *given)

        trained = self._trained(build(batch_size)) if training else []
        return engine.Plan(build, batch_size, trained, self.optimizer, training)

    def _trained(self, network: Network) -> list[Variable]:
        """The weights that a step changes: as in Keras, none that no gradient reaches."""
        reached = with_gradient(network.order)
        return [weight for weight in self.trainable_weights if weight in reached]

    def plan(self, batch_size: int = 32, training: bool = True) -> PlanTable:
        """The plan by which batches of this size are computed, to be read as a table.

        Args:
            batch_size: How many samples.
            training: Whether of a step of training, if the model is compiled, or of
                prediction.

        Returns:
            A plan: kernels, nodes, shapes, memory and operations, and what they add up to. The
            kernel ``recorded`` is an operator's own two methods, as the NumPy calls that they
            make; ``reference`` calls the two methods themselves.
            ``mg.display.draw_plan`` draws its memory.

        Raises:
            ValueError: When the model does not know the shape of its input yet, or the batch
                size is not a whole number of at least 1.

        Example:
            >>> import minigrad as mg
            >>> mg.set_threads(1)
            >>> layers = [mg.layers.Dense(2, "relu", name="d"), mg.layers.Dense(3, name="e")]
            >>> print(mg.Sequential([mg.Input((4,)), *layers]).plan(8))
            Plan of a step of prediction on 8 samples: one thread
            step  kernel  nodes that it serves     shape  buffers                   bytes  FLOPs
            ────  ──────  ───────────────────────  ─────  ────────────────────────  ─────  ─────
               0  gather  constant (inputs)        8×4    value of inputs             128      –
               1  dense   matmul + add + relu (d)  8×2    value of relu and 1 more    128    128
               2  dense   matmul + add (e)         8×3    value of add                128     96
            Memory: 256 bytes; 384 if no two buffers shared a place (33% less)
            Products: 224 floating-point operations
            One kernel together: matmul + add + relu; matmul + add
            >>> mg.set_threads(None)
        """
        from minigrad.display.plan_table import PlanTable  # only who asks for it needs it

        batch_size = whole("plan", "batch_size", batch_size)
        training = training and self.optimizer is not None and self.loss is not None
        if self.run_eagerly:  # the model walks the graph; this is what it would do otherwise
            return PlanTable(self._planned(batch_size, training, training))
        runners = self._runners_for(training, training)
        with self._turn.own, self._turn.own:
            runner: Any = runners(batch_size)
        return PlanTable(runner)
