"""Kernels: what a plan is made of. Each serves one or more nodes of the graph.

A kernel says which nodes it computes (``takes``), and then which NumPy calls compute its value
(``forward``) and its gradients (``backward``). Every call writes into memory that exists
already, through ``out=``; what a kernel may ask for on the way stands in ``Host``
(``minigrad/engine/bind.py``), and it knows nothing else of the program that it becomes part of.
Beside each kernel stands the reference operator that it replaces; the tests hold the two to the
same numbers.

**Batch last.** Users see pictures as (batch, height, width, channel). In here the batch is
the last axis: pictures are (height, channel, width, batch), vectors (feature, batch). The
innermost loop of every call then runs over many pictures that are treated alike, the
window matrix of a convolution is filled by copying long runs, and the products of a dense
layer meet the weights in the order in which Keras stores them.

Begin with ``dense.py``. Then ``convolution.py`` with ``pooling.py``, and ``activations.py``;
``products.py``, how both multiply matrices;
``feed.py`` and ``flatten.py``, at the ends of these; ``recorded.py`` and ``general.py``, for every
other operator; and the two ways in which a large weight is not where its variable has it while
it is trained: ``packed.py``, ``deferred.py``.
"""
