"""The optimized way of running a graph: lists of calls, and no allocation.

The reference way (``eager.py``) walks the graph node by node; each operator makes a new array for
its value and for every gradient. That is how one reads a network, and it wastes most of the time:
on making arrays, on going through memory once for each small operation, on numbers laid out in an
order that suits the reader. The engine takes the same graph and, once for each batch size, turns
it into a *plan*: a list of NumPy calls with all their arguments filled in, which a step then makes
one after the other. Four steps, each a function or a class that fits a screen:

*match* (``match.py``)
    Which nodes are one *kernel*. Convolution, bias, activation and max pooling; product, bias and
    activation: these are written by hand (``kernels/``). Every other operator is computed by
    the NumPy calls of its own two methods, which are recorded (``recording.py``).
*bind* (``bind.py``)
    Each kernel lists its calls, forward in order and backward in reverse, and asks for arrays as it
    goes. What becomes of a weight's gradient is decided here too (``gradients.py``): used at
    once, kept, or added up; how the weight then changes says ``updates.py``.
*place* (``program.py``, ``memory.py``)
    From the finished list it is read off when each array is needed, and those whose times do not
    meet share a place. There is one list, and memory is placed for that list.
*share* (``plan.py``)
    What each thread does: some samples (``samples.py``), or some rows of the images and of the
    largest weight (``bands.py``). How many threads are worth their while is estimated from the
    calls themselves (``workload.py``, ``cores.py``). Gradients of several threads lie side by side
    and are added up by all of them (``sums.py``).

Running it is then no more than ``for call in calls: call()``. ``verify.py`` checks a finished plan:
no call reads what another one has written over. The tests do so with every plan that they make,
and hold every value, gradient and weight to those of the reference way. ``model.plan(batch_size)``
shows the plan as a table (``minigrad/display/plan_table.py``).

The words that others use for the same things, where they have any:

=====================  =========================================================================
here                   elsewhere
=====================  =========================================================================
network, scope         graph, subgraph
eager, plan            interpreter, executor (or compiled function)
match, kernel          pattern matching and fusion, fused kernel
recording, ``Noted``   tracing, tracer
play                   replay
``Drafts``, ``Memory``  virtual buffers, memory planner (liveness analysis, buffer assignment)
region                 stage: what lies between two barriers
samples, bands         data parallelism; row (tensor) parallelism
``Sums``               flattened gradient buffers, reduce-scatter
``PackedWeight``       packed (re-ordered) weight
``DeferredUpdate``     deferred (lazy) low-rank update
``Holder``             owner of a weight's working copy
=====================  =========================================================================
"""

from minigrad.engine.plan import Plan

__all__ = ["Plan"]
