"""Kernels: what a plan is made of. Each serves one or more nodes of the graph.

A kernel asks for the memory it needs, and then says which NumPy calls compute its value
(``forward``) and its gradients (``backward``). Every call writes into memory that exists
already, through ``out=``. Beside each kernel stands the reference operator that it
replaces; the tests hold the two to the same numbers. How a graph becomes a list of kernels,
and where their memory comes from, is the engine's business (``minigrad/engine``).

**Batch last.** Users see pictures as (batch, height, width, channel). In here the batch is
the last axis: pictures are (height, channel, width, batch), vectors (feature, batch). The
innermost loop of every call then runs over many pictures that are treated alike, the
window matrix of a convolution is filled by copying long runs, and the products of a dense
layer meet the weights in the order in which Keras stores them.

Begin with ``dense.py``. Then ``convolution.py`` and ``activations.py``, which are written by
hand as well; ``feed.py`` and ``flatten.py``, at the ends of these; ``recorded.py``, for every
other operator; ``updates.py``, for the optimizers; and the two ways in which a large weight
is not where its variable has it while it is trained: ``loans.py``, ``debts.py``.
"""
