"""The optimised way of running a graph: one plan, and no allocation.

The reference way (``minigrad/engine/eager.py``) walks the graph node by node; each operator makes a
new array for its value and for every gradient. That is how one reads a network, and it wastes
most of the time: on making arrays, on going through memory once for each small operation, on
numbers laid out in an order that suits the reader. The engine takes the same graph and, once
for each batch size, turns it into a *plan*: a list of NumPy calls with all their arguments
filled in, which a step then makes one after the other. What it decides beforehand:

which nodes are one *kernel* (``program.py``)
    convolution, bias, activation and max pooling; product, bias and activation: these are
    written by hand (``minigrad/engine/kernels``). Softmax, cross-entropy and mean are one as well.
how every other operator is computed
    by its own two methods, which are run once and whose NumPy calls are noted
    (``minigrad/engine/recording.py``); only the reader's own, which might do more than compute, are
    run anew in every step.
how the numbers lie
    batch last, so that every call runs over many pictures treated alike.
which arrays exist, and which share memory (``memory.py``)
    each is known beforehand, with the time at which it is first written and last read.
which gradients nobody needs
    those of the data, and of whatever no weight lies above.
what each thread does (``plan.py``, ``bands.py``, ``minigrad/engine/threads.py``)
    some rows of the pictures and of the largest weight, or some pictures; in both cases
    without waiting for another in the middle of a call.
when a weight changes (``gradients.py``)
    as soon as its gradient is there and nobody needs the old value any more.

The tests hold every value, gradient and weight to those of the reference way.
``model.plan(batch_size)`` shows the plan as a table (``minigrad/engine/plan_table.py``).
"""

from minigrad.engine.plan import Planned

__all__ = ["Planned"]
