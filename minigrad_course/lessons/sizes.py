"""How large the network is whose weights and operations are to be counted."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad_course.lessons import exam

__all__ = ["Sizes", "sizes"]


@dataclass(frozen=True)
class Sizes:
    """A convolution and two dense layers on gray pictures; by default the paper's reference.

    Attributes:
        pixels: Rows of a picture, and columns.
        filters: Of the convolution.
        window: Rows of a kernel, and columns.
        units: Of the first dense layer.
        classes: Units of the second.

    Example:
        >>> from minigrad_course.lessons.sizes import Sizes
        >>> Sizes().weights
        (40, 746624, 1290)
    """

    pixels: int = 28
    filters: int = 8
    window: int = 2
    units: int = 128
    classes: int = 10

    @property
    def flat(self) -> int:
        """Numbers in all feature maps of a picture."""
        return (self.pixels - self.window + 1) ** 2 * self.filters

    @property
    def biases(self) -> tuple[int, int, int]:
        return self.filters, self.units, self.classes

    @property
    def weights(self) -> tuple[int, int, int]:
        """Of each layer, biases included."""
        return (
            self.filters * (self.window**2 + 1),
            self.flat * self.units + self.units,
            self.units * self.classes + self.classes,
        )

    @property
    def operations(self) -> tuple[int, int, int]:
        """Multiplications and additions of each layer in a training step with one picture."""
        return (
            2 * 2 * self.flat * self.window**2,  # forward, and the kernel's gradient
            3 * 2 * self.flat * self.units,  # forward, the weights' gradient, and the input's
            3 * 2 * self.units * self.classes,
        )

    def __str__(self) -> str:
        return (
            f"pictures of {self.pixels}×{self.pixels}, {self.filters} filters of "
            f"{self.window}×{self.window}, dense layers of {self.units} and of {self.classes}."
        )


def sizes(key: str) -> Sizes:
    """The network that an exercise is about: the lecture's, in an exam each student's own.

    Args:
        key: Number of the lecture and of the exercise.

    Example:
        >>> from minigrad_course.lessons.sizes import sizes
        >>> print(sizes("03.3"))
        pictures of 28×28, 8 filters of 2×2, dense layers of 128 and of 10.
    """
    if not exam.on():
        return Sizes()
    draw = exam.generator(key).integers
    return Sizes(*(int(draw(*between)) for between in ((20, 28), (3, 8), (3, 6), (20, 99), (3, 9))))
