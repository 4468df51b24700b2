"""The exercises of lecture 04: what a reader is told for a typical mistake."""

import numpy as np
import pytest
from lecture_code import code_of

import minigrad as mg
from minigrad_course import explorers, lessons
from minigrad_course.lessons import ladder
from minigrad_course.lessons.watched import watched

WINDOWS = """def windows(picture, height, width):
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    taps = [picture[i : i + rows, j : j + columns].ravel()
            for {0} for {1}]
    return np.{2}"""
DOWN, ACROSS = "i in range(height)", "j in range(width)"

EACH_TIME = code_of("04_optimised_version.ipynb", "EachTime") + "\n\n"
ONCE = (
    EACH_TIME
    + """class Once(EachTime):
    def begin(self):
        {begin}
    def step(self, x, y, rate=0.01):
        {data}
        loss = float(mg.forward(self.order))
        mg.backward(self.order)
        {update}
        return {returned}
"""
)
RIGHT = {
    "begin": "self.order = self.build()",
    "data": "self.x.value, self.y.value = x, y",
    "update": "self.update(rate)",
    "returned": "loss",
}


def once(**changed):
    return ONCE.format(**{**RIGHT, **changed})


SINGLE = """class Single(ladder.WindowMatrix):
    dtype = {}
    tolerance = {}
"""
OWN = """class MyRung(ladder.SinglePrecision):
    def update(self, rate):
        for variable in self.variables{}:
            g = variable.gradient
            {}
"""

MISTAKES = {
    "a graph in every step": (
        "04.A",
        once(data="self.order = self.build(); self.x.value, self.y.value = x, y"),
        "two steps build 2 graphs: build it in begin, and keep it.",
    ),
    "no graph": ("04.A", once(begin="self.order = []"), "your code raised"),
    "data forgotten": ("04.A", once(data="pass"), "the constants still hold zeros"),
    "data put in once": (
        "04.A",
        once(
            begin="self.order = self.build(); self.new = True",
            data="self.x.value, self.y.value = (x, y) if self.new else (self.x.value, "
            "self.y.value); self.new = False",
        ),
        "the second step still sees the pictures of the first.",
    ),
    "no update": ("04.A", once(update="pass"), "kernel has not moved"),
    "no loss": ("04.A", once(returned="None"), "step returns None: the loss"),
    "the loss afterward": (
        "04.A",
        once(returned="float(mg.forward(self.order))"),
        "that is the loss after the weights moved",
    ),
    "not a rung": ("04.A", "class Once:\n    pass", "a class that derives from EachTime"),
    "double precision": ("04.B", SINGLE.format("np.float64", "1e-12"), "that is double precision"),
    "half precision": ("04.B", SINGLE.format("np.float16", "2e-5"), "float16 keeps three digits"),
    "whole numbers": ("04.B", SINGLE.format("np.int32", "2e-5"), "int32 is no format of 4 bytes"),
    "twelve digits": ("04.B", SINGLE.format("'float32'", "1e-12"), "would refuse what is right"),
    "anything goes": ("04.B", SINGLE.format("np.float32", "0.5"), "let a gradient pass that is"),
    "a loop over positions": (
        "04.1",
        """def windows(picture, height, width):
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    return np.array([picture[i : i + height, j : j + width].ravel()
                     for i in range(rows) for j in range(columns)])""",
        "it loops over positions. Loop over the taps",
    ),
    "a matrix product": (
        "04.4",
        "def outer(x, g, out):\n    np.matmul(x, g.T, out=out)",
        "np.matmul is a matrix product: do without.",
    ),
    "a matrix product by its sign": (
        "04.4",
        "def outer(x, g, out):\n    out[...] = x @ g.T",
        "np.matmul is a matrix product: do without.",
    ),
    "a product by another name": (
        "04.4",
        "def outer(x, g, out):\n    np.dot(x, g.T, out=out)",
        "np.dot is a matrix product: do without.",
    ),
    "einsum": (
        "04.4",
        "def outer(x, g, out):\n    np.einsum('ik,jk->ij', x, g, out=out)",
        "np.einsum is a matrix product: do without.",
    ),
    "a loop over rows": (
        "04.4",
        "def outer(x, g, out):\n    for i in range(len(x)):\n        out[i] = x[i, 0] * g[:, 0]",
        "a loop in Python goes over its rows",
    ),
    "the rate forgotten": (
        "04.5",
        OWN.format("", "variable.value = np.subtract(variable.value, g, out=g)"),
        "kernel moves by its whole gradient: where is the rate?",
    ),
    "up the slope": (
        "04.5",
        OWN.format("", "g *= rate; variable.value = np.add(variable.value, g, out=g)"),
        "kernel moves up the slope",
    ),
    "only the first": (
        "04.5",
        OWN.format("[:3]", "g *= rate; variable.value = np.subtract(variable.value, g, out=g)"),
        "W's bias has not moved",
    ),
    "as before": (
        "04.5",
        OWN.format("", "variable.value = variable.value - rate * g"),
        "nothing is saved.",
    ),
    "half of it": (
        "04.5",
        OWN.format("", "g *= rate; variable.value = variable.value - g"),
        "something is saved, but two thirds were wanted.",
    ),
    "a column for each position": (
        "04.1",
        WINDOWS.format(DOWN, ACROSS, "stack(taps, axis=0)"),
        "for a picture (4, 5) and a kernel 2×2, your matrix is transposed",
    ),
    "taps in another order": (
        "04.1",
        WINDOWS.format(ACROSS, DOWN, "stack(taps, axis=-1)"),
        "your matrix has the taps column by column",
    ),
    "everything in one row": (
        "04.1",
        WINDOWS.format(DOWN, ACROSS, "concatenate(taps)"),
        "your matrix has shape (48,), wanted (12, 4): a row for each position",
    ),
    "arrays in between": (
        "04.2",
        """def elu(z, slope):
    slope[...] = np.exp(np.minimum(z, 0))
    z[...] = np.maximum(z, 0) + slope - 1""",
        "for 1,000,000 numbers (8 MB) your function makes arrays of 24 MB.",
    ),
    "a new name": (
        "04.2",
        """def elu(z, slope):
    slope = np.exp(np.minimum(z, 0))
    z = np.maximum(z, 0) + slope - 1""",
        "z is as it was: write the result into it (`z = …` only renames).",
    ),
    "z overwritten too early": (
        "04.2",
        """def elu(z, slope):
    np.maximum(z, 0, out=z)
    np.minimum(z, 0, out=slope)
    np.exp(slope, out=slope)
    z += slope
    z -= 1""",
        "z at −2, −0.5, 0, 0.5 and 3 differs at [0]: got 0.0, wanted -0.864665.",
    ),
    "multiplications alone": (
        "04.3",
        "answer = (2 * 2 * 729 * 4 * 8, 3 * 5832 * 128, 3 * 128 * 10)",
        "the first dense layer has twice as many: count multiplications and additions.",
    ),
    "forward alone": (
        "04.3",
        "answer = (2 * 2 * 729 * 4 * 8, 2 * 5832 * 128, 2 * 128 * 10)",
        "that is the first dense layer's forward product alone; backward has two more.",
    ),
    "the gradient of the pictures": (
        "04.3",
        "answer = (3 * 2 * 729 * 4 * 8, 6 * 5832 * 128, 6 * 128 * 10)",
        "the convolution has one product less: nobody asks for the pictures' gradient.",
    ),
    "two layers": ("04.3", "answer = (1, 2)", "three numbers were wanted"),
    "out renamed": (
        "04.4",
        "def outer(x, g, out):\n    out = x * g.T",
        "nothing was written into out (`out = …` only renames).",
    ),
    "an array on the way": (
        "04.4",
        "def outer(x, g, out):\n    out[...] = x * g.T",
        "out is right, but arrays of 6 MB were made on the way.",
    ),
    "the sum added": (
        "04.4",
        "def outer(x, g, out):\n    np.multiply(x, g.T.sum(), out=out)",
        "out differs at [0, 0]",
    ),
}


def answer(code):
    names = {"np": np, "mg": mg, "ladder": ladder}
    exec(code, names)
    return list(names.values())[-1]  # what the code defines last


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake, capsys):
    key, code, told = MISTAKES[mistake]
    lessons.exercise(key).check(answer(code))
    printed = capsys.readouterr().out
    assert printed.startswith(f"✗ {key} is not right yet: ")
    assert told in printed


@pytest.mark.parametrize("key", ["04.1", "04.2", "04.3", "04.4"])
def test_a_placeholder_is_not_an_attempt(key, capsys):
    lessons.exercise(key).check((..., ..., ...) if key == "04.3" else lambda *arguments: ...)
    assert capsys.readouterr().out.startswith(f"○ {key} is not attempted yet.")


PLACEHOLDERS = {
    "04.A": once(begin="return ..."),
    "04.B": SINGLE.format("...", "..."),
    "04.5": "class MyRung(ladder.SinglePrecision):\n    def update(self, rate):\n        return ...",
}


@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_a_rung_that_is_not_written_is_not_an_attempt(key, capsys):
    lessons.exercise(key).check(answer(PLACEHOLDERS[key]))
    assert capsys.readouterr().out.startswith(f"○ {key} is not attempted yet.")


@pytest.mark.parametrize("key", ["04.A", "04.B", "04.1", "04.2", "04.3", "04.4", "04.5"])
def test_the_solution_is_right(key, capsys):
    exercise = lessons.exercise(key)
    exercise.check(answer(EACH_TIME + exercise.code))
    assert capsys.readouterr().out.startswith(f"✓ {key} is right.")


def test_other_ways_are_right_too(capsys):
    view = "def w(p, h, w):\n    return np.lib.stride_tricks.sliding_window_view(p, (h, w))"
    lessons.exercise("04.1").check(answer(view + ".reshape(-1, h * w)"))
    lessons.exercise("04.4").check(answer("def o(x, g, out):\n    np.outer(x, g, out=out)"))
    lessons.exercise("04.5").check(
        answer(OWN.format("", "w = variable.value; g *= -rate; g += w; variable.value = g"))
    )
    assert capsys.readouterr().out.count("✓") == 3


def test_a_watched_array_counts_and_computes_as_before():
    array, seen = watched(np.arange(6.0).reshape(2, 3))
    assert np.array_equal(np.exp(array[1] + 1), np.exp([4.0, 5.0, 6.0]))
    assert seen == {"__getitem__": 1, "add": 1}
    assert array.dot([1.0, 0.0, 0.0]).tolist() == [0.0, 3.0]
    assert seen["dot"] == 1


def test_a_rung_that_is_off_is_told_and_not_measured(capsys):
    class TooStrict(ladder.SinglePrecision):
        tolerance = 1e-12

    weights = ladder.reference_network().get_weights()
    climb = ladder.Climb(weights, np.ones((1, 28, 28, 1)), np.eye(10)[:1])
    climb.to(TooStrict, batch=1)
    assert climb.readings == []
    assert capsys.readouterr().out.startswith("✗ float32: the ")


def test_a_weight_that_moves_too_early_spoils_the_gradient_below_it():
    class TooEarly(ladder.Band):
        def backward(self, g, rate):
            self.gradient_of_weight(g)
            self.move(rate)
            self.gradient_of_maps(g)
            self.gradient_of_kernel()

    class Hasty(ladder.BatchLast):
        band = TooEarly

    random = np.random.default_rng(0)
    x, y = random.random((4, 28, 28, 1)), np.eye(10)[:4]
    off = ladder.Climb(ladder.reference_network().get_weights(), x, y).differences(Hasty, 4)
    assert off["W"] < 1e-5 < 1e-2 < off["kernel"]


# -- the memory strip -----------------------------------------------------------------------
@pytest.mark.parametrize("layout", ["batch, height", "batch, filter", "height, filter"])
@pytest.mark.parametrize("innermost", ["batch", "height", "width", "filter"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_strip_has_the_strides_of_numpy(layout, innermost, dtype):
    explorer = explorers.strip(innermost=innermost)
    options = explorer.controls["layout"].options
    chosen = next(option for option in options if option.startswith(f"({layout}"))
    explorer.controls["layout"].value = chosen
    explorer.controls["batch"].value = 5
    explorer.controls["filters"].value = 20
    explorer.controls["dtype"].value = dtype
    axes = chosen[1:].split(")")[0].split(", ")
    extents = {"batch": 5, "height": 27, "width": 27, "filter": 20}
    array = np.empty([extents[axis] for axis in axes], dtype)
    stride = array.strides[axes.index(innermost)]
    walk = explorer.walk
    assert walk.stride * array.itemsize == stride
    assert walk.steps == extents[innermost]
    assert walk.lines == sorted({n * stride // 64 for n in range(min(16, walk.steps))})
    assert f"{len(walk.lines)} cache line" in explorer.text


def test_moving_a_control_of_the_strip_draws_it_anew():
    explorer = explorers.strip()
    before = explorer.png
    explorer.controls["filters"].value = 3
    assert explorer.png != before
    explorer.controls["filters"].value = 8
    assert explorer.png == before
    explorer.controls["innermost"].value = "batch"
    assert "neighbors lie 5,832 numbers apart" in explorer.text


def test_pictures_say_what_they_show():
    assert "row 5 of a 12×4 matrix" in repr(ladder.picture_of_windows())
    assert "they meet twice" in repr(ladder.picture_of_bands())


def test_the_solution_of_the_operations_is_what_the_plan_counts():
    times = lessons.ladder.kernel_times(
        lessons.ladder.reference_network(), np.zeros((2, 28, 28, 1)), np.eye(10)[:2], repeats=1
    )
    counted = [kernel.flops // 2 for kernel in times if kernel.flops]
    assert answer(lessons.exercise("04.3").code) == tuple(counted)
