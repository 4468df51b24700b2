"""The exercises of lecture 04, "Where does the time go, and how do we get it back?"."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import forward
from minigrad.operators.convolution import Convolve
from minigrad_course.lessons import exam
from minigrad_course.lessons.answers import NotAttempted, Wrong, call, same
from minigrad_course.lessons.checks import register
from minigrad_course.lessons.ladder.graphs import Graph, GraphOnce, GraphPerPicture, SinglePrecision
from minigrad_course.lessons.ladder.measure import allocated
from minigrad_course.lessons.ladder.yours import examine, pictures, start
from minigrad_course.lessons.sizes import sizes
from minigrad_course.lessons.watched import watched

__all__ = [
    "count_the_operations",
    "elu_in_place",
    "half_the_bytes",
    "one_graph",
    "outer_product",
    "own_rung",
    "window_matrix",
]


def wanted_function(answer: Any) -> None:
    if not callable(answer):
        raise Wrong(f"a function was wanted, got {answer!r:.60}.")


def wanted_rung(answer: Any, base: type[Graph], name: str) -> None:
    if not (isinstance(answer, type) and issubclass(answer, base)):
        raise Wrong(f"a class that derives from {name} was wanted, got {answer!r:.60}.")


@register(
    "04.A",
    praise="Everything that is known before training is done before training.",
    hints=[
        "begin runs once, before the first step: self.order = self.build().",
        "step puts x and y into self.x.value and self.y.value, and walks self.order.",
        "Copy the last four lines of step from EachTime; write self.order where order stands.",
    ],
    solution="""\
class Once(EachTime):
    title = "one graph for all"

    def begin(self):
        self.order = self.build()

    def step(self, x, y, rate=0.01):
        self.x.value, self.y.value = x, y
        loss = float(mg.forward(self.order))
        mg.backward(self.order)
        self.update(rate)
        return loss""",
)
def one_graph(answer: Any) -> None:
    """A rung on one graph that is built before the first step."""
    wanted_rung(answer, Graph, "EachTime")
    built: list[Graph] = []

    class Counted(answer):  # type: ignore[misc,valid-type]
        def build(self) -> Any:
            built.append(self)
            return super().build()

    runner = call(Counted, start(), 2)
    once = len(built)
    call(runner.step, *pictures(1), 0.25)
    call(runner.step, *pictures(2), 0.25)
    if not built:
        raise Wrong("self.build() is never called: begin should keep what it returns.")
    if len(built) > once:
        raise Wrong(f"two steps build {len(built) - once} graphs: build it in begin, and keep it.")
    if once > 1:
        raise Wrong(f"begin builds {once} graphs: one is enough.")
    examine(answer, GraphOnce.tolerance)


@register(
    "04.B",
    praise="No line of the step changed: all of it follows the dtype of the weights.",
    hints=[
        "NumPy calls the two formats np.float32 and np.float64.",
        "np.finfo(np.float32).eps says how finely numbers near 1 are rounded: 1.2e-07.",
        "Sums of thousands of terms lose a digit or two more: 2e-5 leaves room for that.",
    ],
    solution="""\
class Single(ladder.WindowMatrix):
    title = "float32"
    dtype = np.float32
    tolerance = 2e-5""",
)
def half_the_bytes(answer: Any) -> None:
    """A rung in single precision, with a tolerance that fits."""
    wanted_rung(answer, Graph, "ladder.WindowMatrix")
    if any(given is None or given is ... for given in (answer.dtype, answer.tolerance)):
        raise NotAttempted
    try:
        dtype, tolerance = np.dtype(answer.dtype), float(answer.tolerance)
    except (TypeError, ValueError):
        raise Wrong("a dtype of NumPy's and a number were wanted.") from None
    if dtype == np.float64:
        raise Wrong("that is double precision, 8 bytes a number: it is what you come from.")
    if dtype == np.float16:
        raise Wrong("float16 keeps three digits and ends at 65,504: its sums go wrong.")
    if dtype != np.float32:
        raise Wrong(f"{dtype} is no format of 4 bytes with a point: single precision was wanted.")
    if tolerance < 1e-5:
        raise Wrong(
            f"float32 is rounded at 1.2e-07, and sums of thousands of terms lose two digits more: "
            f"a tolerance of {tolerance:.0e} would refuse what is right."
        )
    if tolerance > 1e-3:
        raise Wrong(f"a tolerance of {tolerance:.0e} would let a gradient pass that is wrong.")
    examine(answer, SinglePrecision.tolerance)


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
    refuse_a_loop_over_positions(answer)
    random = exam.random("04.1", seed=0)
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
        turned = np.asarray(got).reshape(-1, height, width).transpose(0, 2, 1).reshape(len(got), -1)
        if height > 1 and width > 1 and np.allclose(turned @ kernel.ravel(), wanted):
            raise Wrong(f"{what} has the taps column by column: kernel.ravel() goes row by row.")
        same(np.asarray(got) @ kernel.ravel(), wanted, f"{what} times kernel.ravel()")


def refuse_a_loop_over_positions(answer: Any) -> None:
    # the kernel is the same, the picture grows: whoever loops over positions looks more often
    looks = []
    for size in (6, 12):
        picture, seen = watched(np.arange(float(size * size)).reshape(size, size))
        call(answer, picture, 2, 2)
        looks.append(seen["__getitem__"])
    if looks[1] > looks[0]:
        raise Wrong(
            f"your function indexes a 6×6 picture {looks[0]} times and a 12×12 picture "
            f"{looks[1]} times: it loops over positions. Loop over the taps, and take a slice "
            "for each."
        )


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
    given=lambda: str(sizes("04.3")),
)
def count_the_operations(answer: Any) -> None:
    """Multiplications and additions of a step for one picture, layer by layer."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        raise Wrong("three numbers were wanted: for the convolution, and for each dense layer.")
    layers = "the convolution", "the first dense layer", "the second dense layer"
    for layer, given, wanted in zip(layers, answer, sizes("04.3").operations, strict=True):
        number: Any = None if isinstance(given, str) or np.ndim(given) else given
        dense = number is not None and layer != layers[0]
        if dense and 2 * number == wanted:
            raise Wrong(f"{layer} has twice as many: count multiplications and additions.")
        if dense and 3 * number == wanted:
            raise Wrong(f"that is {layer}'s forward product alone; backward has two more.")
        if layer == layers[0] and number is not None and 2 * number == 3 * wanted:
            raise Wrong(f"{layer} has one product less: nobody asks for the pictures' gradient.")
        same(given, wanted, f"the number for {layer}", tolerance=0.0)


PRODUCTS = {"matmul", "dot", "einsum", "tensordot", "inner", "kron", "vdot"}


@register(
    "04.4",
    praise="A column times a row, broadcast: each number is read and written once.",
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
    random = exam.random("04.4", seed=0)
    x, g = random.normal(size=(6, 1)), random.normal(size=(4, 1))
    out = np.full((6, 4), np.nan)
    call(answer, x, g, out)
    if np.isnan(out).all():
        raise Wrong("nothing was written into out (`out = …` only renames).")
    same(out, x @ g.T, "out")
    x, seen = watched(x)
    call(answer, x, g, out)
    if used := sorted(seen.keys() & PRODUCTS):
        raise Wrong(f"out is right, but np.{used[0]} is a matrix product: do without.")
    if seen["__getitem__"] + seen["__iter__"] > 4:
        raise Wrong("out is right, but a loop in Python goes over its rows: broadcast instead.")
    large = np.ones((5832, 1)), np.ones((128, 1)), np.empty((5832, 128))
    if nbytes := allocated(lambda: call(answer, *large), least=300_000):
        raise Wrong(f"out is right, but arrays of {nbytes / 1e6:.0f} MB were made on the way.")


@register(
    "04.5",
    praise="Whether it is also quicker, climb.to says: bytes are a cost, and not the only one.",
    hints=[
        "variable.value - rate * variable.gradient makes two arrays of 3 MB for W. Which other "
        "array of that size is of no use after the update?",
        "The gradient is yours: variable.gradient *= rate makes no array.",
        "np.subtract(variable.value, g, out=g) writes the new weights where the gradient was; "
        "variable.value = g then copies them into the variable's own array.",
    ],
    solution="""\
class MyRung(ladder.SinglePrecision):
    title = "update without arrays"

    def update(self, rate):
        for variable in self.variables:
            g = variable.gradient
            g *= rate
            variable.value = np.subtract(variable.value, g, out=g)""",
)
def own_rung(answer: Any) -> None:
    """A rung on SinglePrecision that allocates at most two thirds of its bytes."""
    wanted_rung(answer, SinglePrecision, "ladder.SinglePrecision")
    examine(answer, SinglePrecision.tolerance)
    before, after = bytes_of_a_step(SinglePrecision), bytes_of_a_step(answer)
    figures = f"{after / 1e6:.1f} MB a step, and ladder.SinglePrecision {before / 1e6:.1f}"
    if after >= before:
        raise Wrong(f"its numbers are right, but it allocates {figures}: nothing is saved.")
    if 3 * after > 2 * before:
        raise Wrong(
            f"its numbers are right, and it allocates {figures}: something is saved, but two "
            "thirds were wanted. Which array is still made?"
        )


def bytes_of_a_step(rung: type[GraphPerPicture]) -> int:
    runner, (x, y) = rung(start(), 1), pictures(1, batch=1)
    runner.step(x, y, 0.001)
    return allocated(lambda: runner.step(x, y, 0.001))
