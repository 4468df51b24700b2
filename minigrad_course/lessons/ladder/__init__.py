"""The ladder of lecture 04: one network trained in ten ways, from the proof of concept to the plan.

Every rung is a class that takes the weights and the number of pictures in a batch, and has one
method, ``step(x, y, rate)``, which trains once and returns the loss. All rungs give the same
numbers, to rounding; each has one idea more than the rung before it.

======================  ====================================================================
``Jacobians``           the graph, built anew for each picture; elementwise operators form
                        their Jacobian
``GraphPerPicture``     no Jacobian
``GraphOnce``           the graph is built once: for one picture, or for a whole batch
``WindowMatrix``        convolution as one matrix product
``SinglePrecision``     float32
``InPlace``             no graph to walk; every result goes where there is memory already
``BatchLast``           another layout
``BothCores``           each core has some rows of the pictures
``Plan``                what ``minigrad.engine`` makes of the graph by itself
======================  ====================================================================
"""

from minigrad_course.lessons.ladder.arrays import Band, BatchLast, BothCores, InPlace
from minigrad_course.lessons.ladder.benchmark import committed_benchmark
from minigrad_course.lessons.ladder.charts import (
    chart_of_batches,
    chart_of_kernels,
    chart_of_rungs,
)
from minigrad_course.lessons.ladder.graphs import (
    Graph,
    GraphOnce,
    GraphPerPicture,
    Jacobians,
    Rung,
    SinglePrecision,
    WindowMatrix,
)
from minigrad_course.lessons.ladder.measure import (
    Climb,
    Reading,
    allocated,
    gigaflops,
    one_core,
    reference,
    seconds,
    table,
)
from minigrad_course.lessons.ladder.pictures import picture_of_bands, picture_of_windows
from minigrad_course.lessons.ladder.plans import (
    WHAT_IT_HOLDS,
    Plan,
    kernel_times,
    outline,
    reference_network,
)

__all__ = [
    "WHAT_IT_HOLDS",
    "Band",
    "BatchLast",
    "BothCores",
    "Climb",
    "Graph",
    "GraphOnce",
    "GraphPerPicture",
    "InPlace",
    "Jacobians",
    "Plan",
    "Reading",
    "Rung",
    "SinglePrecision",
    "WindowMatrix",
    "allocated",
    "chart_of_batches",
    "chart_of_kernels",
    "chart_of_rungs",
    "committed_benchmark",
    "gigaflops",
    "kernel_times",
    "one_core",
    "outline",
    "picture_of_bands",
    "picture_of_windows",
    "reference",
    "reference_network",
    "seconds",
    "table",
]
