"""Drawings of lectures 02 and 03 show what is so: their numbers are read off and computed again."""

import numpy as np

from minigrad_course.lessons import drawings


def written(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def grid(ax):
    """The numbers in a grid, which is a square."""
    numbers = [int(text.replace("−", "-")) for text in written(ax)]
    side = round(len(numbers) ** 0.5)
    return np.reshape(numbers, (side, side))


def convolve(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


def test_arrays_that_share_memory_are_drawn_once():
    one, other = np.array([3.0, 5.0]), np.array([1.0, 1.0])
    drawn = drawings.owners(apart={"a": one, "b": other}, shared={"a": one, "b": one[:]})
    apart, shared = map(written, drawn.figure.axes)
    assert sorted(apart) == ["1, 1", "3, 5", "a.gradient", "b.gradient"]
    assert sorted(shared) == ["3, 5", "a.gradient", "b.gradient"]


def test_equal_numbers_in_two_arrays_are_two_arrays():
    drawn = drawings.owners(apart={"a": np.ones(2), "b": np.ones(2)})
    assert drawn.alt == "apart: a and b have an array each"


def test_channels_and_their_weights_add_up_to_the_map(capsys):
    axes = {ax.get_label(): grid(ax) for ax in drawings.channels(convolve).figure.axes}
    made = sum(
        np.sum(axes[str(c)][y : y + 3, x : x + 3] * axes[str(3 + c)])
        for c in range(3)
        for y, x in [(1, 2)]
    )
    assert made == axes["m"][1, 2]
    assert not any(axes[str(c)][[0, -1]].any() for c in range(3))  # the frame
    assert capsys.readouterr().out == ""


def test_another_convolution_than_the_library_s_is_told(capsys):
    drawings.channels(lambda image, kernel: convolve(image, kernel.T))
    assert capsys.readouterr().out.startswith("Not as expected: The channels' maps should")
