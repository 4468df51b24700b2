"""The exercises of lecture 04, "Where does the time go, and how do we get it back?"."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import forward
from minigrad.operators.convolution import Convolve
from minigrad_course.lessons.checks import Wrong, call, register, same
from minigrad_course.lessons.ladder.measure import allocated

__all__ = ["count_the_operations", "elu_in_place", "outer_product", "window_matrix"]


def wanted_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")


@register(
    "04.1",
    praise="The loops that are left run over the kernel's few taps, not over the positions.",
    hints=[
        "A column of the matrix belongs to one tap (i, j), in the order of kernel.ravel().",
        "Under tap (i, j) lie picture[i : i + rows, j : j + columns], for all positions at once.",
        "rows is height − kernel height + 1. np.stack([...], axis=-1) puts the columns side by side.",
    ],
    solution="""\
def window_matrix(picture, height, width):
    rows = picture.shape[0] - height + 1
    columns = picture.shape[1] - width + 1
    taps = [
        picture[i : i + rows, j : j + columns].ravel()
        for i in range(height)
        for j in range(width)
    ]
    return np.stack(taps, axis=-1)""",
)
def window_matrix(answer: Any) -> None:
    """The window matrix of one picture, for a kernel of any height and width."""
    wanted_function(answer)
    random = np.random.default_rng(0)
    for size, (height, width) in (((4, 5), (2, 2)), ((6, 7), (2, 3)), ((5, 5), (3, 1))):
        picture, kernel = random.normal(size=size), random.normal(size=(height, width))
        rows, columns = size[0] - height + 1, size[1] - width + 1
        what = f"for a picture {size} and a kernel {height}×{width}, your matrix"
        got = call(answer, picture.copy(), height, width)
        if np.shape(got) == (height * width, rows * columns):
            raise Wrong(f"{what} is transposed: a row for each position was wanted.")
        if np.shape(got) != (rows * columns, height * width):
            raise Wrong(
                f"{what} has shape {np.shape(got)}, wanted ({rows * columns}, {height * width}): "
                "a row for each position, a column for each tap."
            )
        # Which order the taps have is settled by what the matrix is for: the convolution.
        operator = Convolve(picture[None, ..., None], kernel[..., None, None])
        wanted = forward([operator]).ravel()
        same(np.asarray(got) @ kernel.ravel(), wanted, f"{what} times kernel.ravel()")


MANY = 1_000_000


@register(
    "04.2",
    praise="Five operations, no array made: the plan's kernel for ELU has the same lines.",
    hints=[
        "Every function of NumPy's takes out=: np.minimum(z, 0, out=slope) makes no array.",
        "With e = e^min(z, 0), the value is max(z, 0) + e − 1, and the derivative is e itself.",
        "Compute e in slope first; z may be overwritten only when it is not needed any more.",
    ],
    solution="""\
def elu_in_place(z, slope):
    np.minimum(z, 0, out=slope)
    np.exp(slope, out=slope)
    np.maximum(z, 0, out=z)
    np.add(z, slope, out=z)
    np.subtract(z, 1, out=z)""",
)
def elu_in_place(answer: Any) -> None:
    """ELU where z was, its derivative in slope, and no array made."""
    wanted_function(answer)
    values = np.array([-2.0, -0.5, 0.0, 0.5, 3.0])
    z, slope = values.copy(), np.full(5, 7.0)
    call(answer, z, slope)
    if np.array_equal(z, values):
        raise Wrong("z is as it was: write the result into it (`z = …` only renames).")
    same(z, np.where(values > 0, values, np.expm1(values)), "z at −2, −0.5, 0, 0.5 and 3")
    same(slope, np.where(values > 0, 1, np.exp(values)), "slope at −2, −0.5, 0, 0.5 and 3")
    z, slope = np.linspace(-1, 1, MANY), np.empty(MANY)
    nbytes = allocated(lambda: call(answer, z, slope), least=300_000)
    if nbytes:
        raise Wrong(
            f"for {MANY:,} numbers ({8 * MANY / 1e6:.0f} MB) your function makes arrays of "
            f"{nbytes / 1e6:.0f} MB. Which of its operations has no out=?"
        )


OPERATIONS = (
    2 * 2 * (27 * 27 * 8) * 4,  # forward, and the kernel's gradient
    3 * 2 * 5832 * 128,  # forward, the weights' gradient, and the input's
    3 * 2 * 128 * 10,
)


@register(
    "04.3",
    praise="98 % of the work is one matrix: that is where a tenth of the time is worth having.",
    hints=[
        "The product of (m×k) and (k×n) takes m·k·n multiplications and as many additions.",
        "For one picture, the dense layer's forward is (1×5832)·(5832×128). Backward has two more "
        "products of as many operations: for the weights, and for the input.",
        "The convolution's window matrix is (729×4), its kernel (4×8). Nobody asks for the "
        "gradient of the picture, so backward has only one product.",
    ],
    solution="""\
operations = (
    2 * 2 * 729 * 4 * 8,  # convolution: forward, gradient of the kernel
    3 * 2 * 5832 * 128,  # dense: forward, gradient of the weights, gradient of the input
    3 * 2 * 128 * 10,
)""",
)
def count_the_operations(answer: Any) -> None:
    """Multiplications and additions of a step for one picture, layer by layer."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        raise Wrong("three numbers were wanted: for the convolution, and for each dense layer.")
    layers = "the convolution", "the first dense layer", "the second dense layer"
    for layer, given, wanted in zip(layers, answer, OPERATIONS, strict=True):
        number: Any = None if isinstance(given, str) or np.ndim(given) else given
        dense = number is not None and layer != layers[0]
        if dense and 2 * number == wanted:
            raise Wrong(f"{layer} has twice as many: count multiplications and additions.")
        if dense and 3 * number == wanted:
            raise Wrong(f"that is {layer}'s forward product alone; backward has two more.")
        if layer == layers[0] and number is not None and 2 * number == 3 * wanted:
            raise Wrong(f"{layer} has one product less: nobody asks for the pictures' gradient.")
        same(given, wanted, f"the number for {layer}", tolerance=0.0)


@register(
    "04.4",
    praise="Now compare the times in the next cell.",
    hints=[
        "Every element is one product: out[i, j] = x[i, 0] · g[j, 0].",
        "Broadcasting does that: a column (5832, 1) times a row (1, 128) is (5832, 128).",
        "np.multiply takes out= as every ufunc does; g.T is the row.",
    ],
    solution="""\
def outer_product(x, g, out):
    np.multiply(x, g.T, out=out)""",
)
def outer_product(answer: Any) -> None:
    """x·gᵀ for two columns, written into out."""
    wanted_function(answer)
    random = np.random.default_rng(0)
    x, g = random.normal(size=(6, 1)), random.normal(size=(4, 1))
    out = np.full((6, 4), np.nan)
    call(answer, x, g, out)
    if np.isnan(out).all():
        raise Wrong("nothing was written into out (`out = …` only renames).")
    same(out, x @ g.T, "out")
    large = np.ones((5832, 1)), np.ones((128, 1)), np.empty((5832, 128))
    if nbytes := allocated(lambda: call(answer, *large), least=300_000):
        raise Wrong(f"out is right, but arrays of {nbytes / 1e6:.0f} MB were made on the way.")
