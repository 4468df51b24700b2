"""Programs: the nodes of a graph turned into kernels, into a list of calls, and into memory.

A program is what a single thread runs. Making one takes three steps:

1. *match* (``match.py``): nodes that are one kernel together are found;
2. *bind* (``bind.py``): each kernel lists its calls, with all arguments filled in;
3. *place* (below, and ``memory.py``): the list tells when each array is needed; the arrays get
   their memory, shared where their times do not meet.

Running it is then no more than making the calls. There is one list of them, and memory is placed
for that list.
"""

from typing import Any

from minigrad.engine.bind import Host
from minigrad.engine.calls import accesses, moved, run
from minigrad.engine.kernels.kernel import Array, Call
from minigrad.engine.memory import ALWAYS, Memory
from minigrad.graph import Node, Variable

SWEEPS = ("begin", "data", "forward", "backward", "end")  # in the order in which they are made


class Program:
    """Kernels, memory and calls for the nodes of a network, or for some of them.

    Args:
        bound: The kernels and their calls, from :func:`minigrad.engine.bind.bind`.

    Attributes:
        begin: Calls for the beginning of a step.
        data: Calls that bring in a batch.
        forward: Calls that compute values.
        backward: Calls that compute gradients, and change weights.
        end: Makes calls for the end of the step.
        value: For each node the array of its value, batch last.
        gradient: For each node that of its gradient.
        kept: For each weight whose change follows later, that of its gradient.
        safe: Whether all calls are NumPy's: none of a reader's own, which may fail half-way.
    """

    def __init__(self, bound: Host) -> None:
        self.kernels, self.scope, self.sharing = list(bound.kernels), bound.scope, bound.sharing
        self.network = self.scope.network
        self.drafted, self.drafts, self.safe = bound.calls, bound.drafts, bound.safe
        self.set_lifetimes(bound.values)
        self.memory = Memory(self.drafts.buffers)
        self.begin, self.data, self.forward, self.backward, self.end = map(self.calls, SWEEPS)
        self.value = self.in_place(bound.values)
        self.gradient = self.in_place(bound.gradients)
        self.kept: dict[Variable, Array] = self.in_place(bound.kept)
        run(self.calls("once"))

    def set_lifetimes(self, values: dict[Node, Array]) -> None:
        """Read off the list when each buffer is needed, from its first call to its last."""
        network, find = self.network, self.drafts.find
        for buffer in self.drafts.buffers:
            buffer.lifetime = ALWAYS if buffer.keep else NEVER
        time = 0
        for sweep in SWEEPS:
            for _, call in self.drafted[sweep]:
                reads, writes = accesses(call)
                for array in reads:
                    needed(find(array), time, stays=sweep == "begin", written=False)
                for array in writes:
                    needed(find(array), time, stays=sweep == "begin", written=True)
                time += 1
        for node in (network.outputs, network.loss):  # which are looked at after the step
            found = find(values[node]) if node in values else None
            if found:
                found[0].lifetime = (found[0].lifetime[0], ALWAYS[1])
        for buffer in self.drafts.buffers:
            if buffer.lifetime == NEVER:
                buffer.lifetime = (0, 0)

    def calls(self, sweep: str) -> list[Call]:
        return [moved(call, self.there) for _, call in self.drafted[sweep]]

    def there(self, draft: Array) -> Array:
        """What a draft has become; any other array stays what it is."""
        found = self.drafts.find(draft)
        if found is None:
            return draft
        return self.memory.view(*found, draft.shape, draft.dtype, draft.strides)

    def in_place(self, drafts: dict[Any, Array]) -> dict[Any, Array]:
        return {key: self.there(draft) for key, draft in drafts.items()}


NEVER = (1 << 30, -1)


def needed(found: tuple[Any, int] | None, time: int, stays: bool, written: bool) -> None:
    """Note that a buffer is needed at a time."""
    if found is None:
        return
    buffer = found[0]
    first, last = buffer.lifetime
    buffer.written = buffer.written or written
    # What is read before it was written is there from step to step, and so is what a beginning
    # leaves for all the samples that come after it.
    if stays or (buffer.lifetime == NEVER and not written):
        buffer.lifetime = ALWAYS
    else:
        buffer.lifetime = (min(first, time), max(last, time))
