"""What a gradient check found: where two derivatives differ, and what the mistake looks like."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.shared.showing import Table


@dataclass(frozen=True)
class Disagreement:
    """An element of an input at which two derivatives differ.

    Attributes:
        name: Name of the input.
        index: Which element.
        analytic: What the backward sweep gives.
        numeric: What central differences give.
        relative_error: Their difference, relative to the larger of the two.
        left: The slope to the left of the point.
        right: The slope to the right of it.
        kink: Whether these two differ so much that the function has a kink there.

    Example:
        >>> from minigrad.gradcheck import Disagreement
        >>> Disagreement("x", (0, 1), 2.0, 4.0, 0.5, 4.0, 4.0).place
        'x[0, 1]'
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float
    left: float
    right: float
    kink: bool = False

    @property
    def place(self) -> str:
        """The input's name with the index, as in ``kernel[0, 1]``."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


@dataclass
class GradientCheck:
    """What a gradient check found; its ``repr`` says it in words.

    Attributes:
        checked: How many elements were checked.
        total: How many elements the inputs have.
        worst_error: The largest relative error, kinks left out.
        worst_place: Where it is.
        mistakes: Elements at which backward sweep and differences disagree.
        kinks: Elements at which they disagree because the function has a kink there:
            from the left it has another slope than from the right.
        hints: What a mistake looks like, such as a flipped sign.

    Example:
        >>> import numpy as np, minigrad as mg
        >>> mg.check_gradient(np.sin, 1.0).ok
        True
    """

    checked: int = 0
    total: int = 0
    worst_error: float = 0.0
    worst_place: str = ""
    mistakes: list[Disagreement] = field(default_factory=list)
    kinks: list[Disagreement] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the gradients agree."""
        return not self.mistakes

    def __bool__(self) -> bool:
        return self.ok

    def add(
        self, found: list[Disagreement], gradient: np.ndarray, tolerance: float, chooses: bool
    ) -> None:
        """Take in what was found at some elements of an input.

        Args:
            found: The two derivatives at each of them.
            gradient: What the backward sweep gives for the whole input.
            tolerance: The largest relative error that is accepted.
            chooses: Whether there is an ``np.where`` in the graph.
        """
        wrong = [d for d in found if d.relative_error > tolerance]
        kinks = [d for d in wrong if d.kink]
        mistakes = [d for d in wrong if not d.kink]
        sound = [d for d in found if d not in kinks]
        self.checked += len(found)
        self.kinks += kinks
        self.mistakes += mistakes
        for d in sound:
            if d.relative_error >= self.worst_error:
                self.worst_error, self.worst_place = d.relative_error, d.place
        if mistakes and (hint := explain(sound, gradient, chooses)):
            self.hints.append(f"the gradient of {sound[0].name} {hint}")

    def __repr__(self) -> str:
        some = f"{self.checked} of " if self.checked < self.total else ""
        elements = f"{some}{self.total} element{'s' * (self.total != 1)}"
        worst = sorted(self.mistakes, key=lambda m: -m.relative_error)
        lines = [f"gradients disagree at {len(worst)} of {elements}"]
        if self.ok:
            error = f"{self.worst_error:.1e} at {self.worst_place}"
            lines = [f"gradients agree at {elements}, worst relative error {error}"]
        lines += [
            f"  {m.place}: backward gives {m.analytic:.6g}, differences give "
            f"{m.numeric:.6g}, relative error {m.relative_error:.1e}"
            for m in worst[:5]
        ]
        lines += [f"  and {len(worst) - 5} more"] * (len(worst) > 5)
        lines += [f"  hint: {hint}" for hint in self.hints]
        lines += [
            f"  {k.place} seems to be a kink: slope {k.left:.6g} to the left, "
            f"{k.right:.6g} to the right, backward gives {k.analytic:.6g}"
            for k in self.kinks[:5]
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str | None:
        if self.ok and not self.kinks:
            return None  # a sentence, and no table
        worst = sorted(self.mistakes, key=lambda m: -m.relative_error)
        rows = [
            (
                f"{d.place} (a kink)" if d.kink else d.place,
                f"{d.analytic:.6g}",
                f"{d.numeric:.6g}",
                f"{d.relative_error:.1e}",
            )
            for d in (*worst[:5], *self.kinks[:5])
        ]
        heads = ("element", "backward gives", "differences give", "relative error")
        return Table(repr(self).split("\n")[0], heads, rows, heads[1:], self.hints)._repr_html_()

    def raise_if_wrong(self) -> None:
        """Do nothing if the gradients agree.

        Raises:
            AssertionError: When they do not, with everything that was found.
        """
        if not self.ok:
            raise AssertionError(repr(self))


DOUBLE_WHERE = (
    "np.where differentiates the branch that it does not take as well, and 0 · ∞ is not a number. "
    "Choose within the branch, too: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)"
)


def explain(found: list[Disagreement], gradient: np.ndarray, chooses: bool) -> str | None:
    """What a wrong gradient looks like: not a number, zero, a multiple, transposed; or None."""
    analytic = np.array([d.analytic for d in found])
    numeric = np.array([d.numeric for d in found])

    def alike(a: Any) -> bool:
        return np.allclose(a, numeric, rtol=1e-3, atol=1e-3 * np.max(np.abs(numeric)))

    if not np.all(np.isfinite(analytic)):
        return f"is not finite. {DOUBLE_WHERE if chooses else ''}".strip()
    if not analytic.any():
        return "is zero everywhere: does backward forget this input?"
    factor = float(analytic @ numeric / max(numeric @ numeric, 1e-300))
    if factor and abs(factor - 1) > 1e-3 and alike(analytic / factor):
        flipped = abs(factor + 1) < 1e-3
        return "has its sign flipped" if flipped else f"is {factor:.4g} times what it should be"
    square = gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1]
    return "is transposed" if square and alike([gradient.T[d.index] for d in found]) else None
