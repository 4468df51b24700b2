"""A check of a finished plan: no call reads what another one has written over in between.

The plan's memory was placed from the list of calls. The check goes through the list as it runs,
byte by byte: it notes for each byte of the memory whose number was written there last, and looks
whether each call finds there what it means to read. It also looks that no two threads get into
each other's way, and that nobody computes with a weight that has changed already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.calls import accesses
from minigrad.engine.memory import ALWAYS, address
from minigrad.engine.program import SWEEPS, Program

if TYPE_CHECKING:
    from minigrad.engine.plan import Plan


class PlanError(AssertionError):
    """A plan would compute something else than its graph."""


def verify(plan: Plan) -> int:
    """Check a plan.

    Args:
        plan: The plan.

    Returns:
        How many accesses to memory were looked at.

    Raises:
        PlanError: When a call reads what another one has written over, or what nobody has
            written, or what another thread writes at the same time.
    """
    checked = sum(check_memory(program) for program in plan.programs)
    holders = plan.holders
    trained = [v for v in plan.variables if v in plan.updates.trained]
    weights = [holders[v].arrays[0] if v in holders else v._array for v in trained]
    for region in plan.regions:
        check_threads(region)
    calls = [call for region in plan.regions for calls in region for call in calls]
    check_weights(calls, weights)
    return checked


class Bytes:
    """A number for each byte of a block of memory."""

    def __init__(self, block: Any) -> None:
        self.start = address(block)
        self.numbers = np.zeros(block.nbytes, np.int32)

    def under(self, array: Any) -> Any:
        """The numbers of the bytes of an array, which lies in the block."""
        first = self.numbers[address(array) - self.start :]
        strides = (*(4 * step for step in array.strides), 4)
        return np.lib.stride_tricks.as_strided(first, (*array.shape, array.itemsize), strides)


def check_memory(program: Program) -> int:
    """Check that each call of a program finds what was written for it."""
    owners, checked = Bytes(program.memory.block), 0
    number = {buffer: i for i, buffer in enumerate(program.drafts.buffers, 1)}
    for buffer in number:
        if buffer.keep or not buffer.written:
            owners.under(buffer.array)[...] = number[buffer]
    for sweep in SWEEPS:
        drafted, final = program.drafted[sweep], getattr(program, sweep)
        for (kernel, draft), call in zip(drafted, final, strict=True):
            for buffer, array in pairs(program, accesses(draft)[0], accesses(call)[0]):
                checked += 1
                if not (owners.under(array) == number[buffer]).all():
                    other = [b for b in number if number[b] in owners.under(array)]
                    raise PlanError(
                        f"{kernel.kind} of {kernel.output.title}, {sweep}: reads "
                        f"{buffer.label!r}, which is not there: {[b.label for b in other]}"
                    )
            for buffer, array in pairs(program, accesses(draft)[1], accesses(call)[1]):
                checked += 1
                owners.under(array)[...] = number[buffer]
    for buffer in number:
        left = owners.under(buffer.array)
        if buffer.lifetime[1] == ALWAYS[1] and not np.isin(left, (0, number[buffer])).all():
            raise PlanError(f"{buffer.label!r} is not there any more at the end of a step")
    return checked


def pairs(program: Program, drafts: Iterable[Any], arrays: Iterable[Any]) -> Iterator[Any]:
    # the buffers of drafts, with the arrays that took their place
    for draft, array in zip(drafts, arrays, strict=True):
        found = program.drafts.find(draft)
        if found is not None:
            yield found[0], array


def check_threads(region: Iterable[Iterable[Any]]) -> None:
    """Check that no list of calls writes what another one reads or writes at the same time."""
    touched = []
    for calls in region:
        both = [accesses(call) for call in calls]
        touched.append([{id(a): a for arrays in both for a in arrays[kind]} for kind in (0, 1)])
    for (i, (_, written)), (j, others) in permutations(enumerate(touched), 2):
        if meet(list(written.values()), [a for arrays in others for a in arrays.values()]):
            raise PlanError(f"threads {i} and {j} work on the same memory")


def meet(written: list[Any], others: list[Any]) -> bool:
    """Whether an array of one list shares memory with one of the other."""
    spans = np.array([np.lib.array_utils.byte_bounds(a) for a in others]).reshape(-1, 2)
    for array in written:
        start, end = np.lib.array_utils.byte_bounds(array)
        near = np.flatnonzero((spans[:, 0] < end) & (start < spans[:, 1]))
        if any(np.shares_memory(array, others[i]) for i in near):
            return True
    return False


def check_weights(calls: Iterable[Any], weights: list[Any]) -> None:
    """Check that no call computes with a weight that has changed in this step already."""
    changed = [(weight, Bytes(weight)) for weight in weights if weight.size]
    for call in calls:
        reads, writes = accesses(call)
        for weight, numbers in changed:
            own = [a for a in writes if np.may_share_memory(a, weight)]
            if not own:
                for array in reads:
                    if np.may_share_memory(array, weight) and numbers.under(array).any():
                        raise PlanError("a call reads a weight that has changed already")
            for array in own:
                numbers.under(array)[...] = 1
