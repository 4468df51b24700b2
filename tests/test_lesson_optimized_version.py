"""The exercises of lecture 04: what a reader is told for a typical mistake."""

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import lessons

WINDOWS = """def windows(picture, height, width):
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    taps = [picture[i : i + rows, j : j + columns].ravel()
            for {0} for {1}]
    return np.{2}"""
DOWN, ACROSS = "i in range(height)", "j in range(width)"

MISTAKES = {
    "a column for each position": (
        "04.1",
        WINDOWS.format(DOWN, ACROSS, "stack(taps, axis=0)"),
        "for a picture (4, 5) and a kernel 2×2, your matrix is transposed",
    ),
    "taps in another order": (
        "04.1",
        WINDOWS.format(ACROSS, DOWN, "stack(taps, axis=-1)"),
        "your matrix times kernel.ravel() differs at [0]",
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
    names = {"np": np, "mg": mg}
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


def test_the_solution_of_the_operations_is_what_the_plan_counts():
    times = lessons.ladder.kernel_times(
        lessons.ladder.reference_network(), np.zeros((2, 28, 28, 1)), np.eye(10)[:2], repeats=1
    )
    counted = [kernel.flops // 2 for kernel in times if kernel.flops]
    assert answer(lessons.exercise("04.3").code) == tuple(counted)
