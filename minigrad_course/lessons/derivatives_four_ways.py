"""The exercises of lecture 01, "How can a computer differentiate a program?"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dual, symbolic
from minigrad.graph import backward
from minigrad_course.lessons import broken, exam
from minigrad_course.lessons.answers import Wrong, call, same
from minigrad_course.lessons.checks import register

__all__ = ["agree", "central", "complete_the_duals", "fool_forward_mode", "swelling"]

SWOLLEN = 1000  # of 01.2: more operations than these are wanted in the derivative, written out


def most_operations() -> int:
    # of 01.2, shared; too few in an exam for the lecture's own answer
    return int(exam.generator("01.2").integers(9, 12)) if exam.on() else 12


def fooled_at() -> int:
    # of 01.4: where forward mode is to be wrong
    return int(exam.generator("01.4").integers(4, 30)) if exam.on() else 3


@register(
    "01.1",
    praise="The errors of both sides cancel but for the third derivative: order h² in place of h.",
    hints=[
        "Take the difference of two values of f, on both sides of x, and divide by how far apart "
        "the two places are.",
        "The places are x + h and x − h. They are 2h apart.",
        "Python divides before it subtracts: put parentheses around the difference, and around 2 * h.",
    ],
    solution="""\
def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)""",
)
def central(answer: Any) -> None:
    """A function of f, x and h: the central difference quotient."""
    wants_function(answer, "a function of f, x and h")
    # Of x³ at 2 with h = 1/4 every usual slip gives a number of its own.
    slope = number(call(answer, lambda x: x**3, 2.0, 0.25), "the slope of x³ at 2 with h = 0.25")
    for value, told in SLIPS.items():
        if abs(slope - value) < 1e-9:
            raise Wrong(f"for x³ at 2 with h = 0.25 it gives {value}: {told}")
    same(slope, 12.0625, "the slope of x³ at 2 with h = 0.25")
    wanted = (np.sin(1.1) - np.sin(0.9)) / 0.2
    same(call(answer, np.sin, 1.0, 0.1), wanted, "the slope of the sine at 1 with h = 0.1", 1e-9)


SLIPS = {
    13.5625: "that is the forward difference. One of the two places lies at x itself.",
    10.5625: "that is the backward difference. One of the two places lies at x itself.",
    24.125: "twice too much. How far apart are the two places?",
    -12.0625: "the sign is wrong. The value farther right comes first.",
    12.015625: "a central difference, but with steps of h/2. Go h to each side.",
    0.671875: "Python divides before it subtracts. Put the difference in parentheses.",
    0.75390625: "`/ 2 * h` divides by 2 and multiplies by h. Put `2 * h` in parentheses.",
    12.0: "that is the derivative of x³ itself; a difference with h = 0.25 is off by h².",
}


@register(
    "01.2",
    praise=(
        "Nothing in your formula is long. Written out it is, and its derivative more so, because "
        "what was computed once is written down again and again."
    ),
    hints=[
        "What makes a formula longer when it is written out? A part that is used twice.",
        "Start with x, and let each round use the result of the round before twice.",
        "`rounds(x, 8)` of this section has 16 operations. It is too long, but not by much.",
    ],
    solution="""\
def swelling(x):
    for _ in range(6):
        x = x * np.sin(x)
    return x""",
    given=lambda: f"at most {most_operations()} operations.",
)
def swelling(answer: Any) -> None:
    """A function of few operations whose derivative is long when it is written out."""
    wants_function(answer, "a function of x")
    x = symbolic.Symbol("x")
    formula = call(answer, x)
    if not isinstance(formula, symbolic.Expression):
        raise Wrong(f"for a symbol it returned {formula!r:.60}, wanted a formula of x.")
    length, shared = (symbolic.count_operations(formula, shared=s) for s in (False, True))
    if shared > (most := most_operations()):
        raise Wrong(f"your formula has {shared} operations, at most {most} were wanted.")
    slope = symbolic.differentiate(formula, x)
    if x not in parts(formula):
        raise Wrong("your formula does not depend on x, so its derivative is 0.")
    swollen = symbolic.count_operations(slope)
    if swollen > SWOLLEN:
        return
    short = f"its derivative has {swollen} operations written out, wanted more than {SWOLLEN}"
    if length == shared:
        raise Wrong(f"{short}. No result of your formula is used twice: nothing repeats.")
    raise Wrong(f"{short}. Let every round use the result of the round before twice.")


def parts(formula: Any) -> set[Any]:
    found, waiting = set(), [formula]
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting.extend(part.inputs)
    return found


@register(
    "01.3",
    praise="With these two, your class differentiates the f of section 1: try f(Dual(1.5, 1.0)).",
    hints=[
        "The quotient rule: (a/b)′ = (a′b − ab′) / b². The exponential: (eᵘ)′ = eᵘ · u′.",
        "A method returns Dual(value, derivative). As in __mul__, begin with b = as_dual(other).",
        "exp(self) gets no second argument: value and derivative are self.value, self.derivative.",
    ],
    solution="""\
class Dual(Dual):
    def __truediv__(self, other):
        b = as_dual(other)
        change = self.derivative * b.value - self.value * b.derivative
        return Dual(self.value / b.value, change / b.value**2)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.derivative)""",
)
def complete_the_duals(answer: Any) -> None:
    """The lecture's class with division and the exponential."""
    if not (isinstance(answer, type) and hasattr(answer, "__mul__")):
        raise Wrong(f"the class Dual was wanted, got {answer!r:.60}.")
    for method in ("__truediv__", "exp"):
        if not hasattr(answer, method):
            raise Wrong(f"the class has no method {method}; wanted __truediv__ and exp.")
    check_quotient(answer)
    check_exponential(answer)


def check_quotient(kind: Any) -> None:
    a, b = call(kind, 6.0, 0.7), call(kind, -2.0, 1.3)
    value, slope = pair(call(lambda: a / b), "(6 + 0.7ε) / (−2 + 1.3ε)")
    same(value, -3.0, "the value of (6 + 0.7ε) / (−2 + 1.3ε)")
    slips = {
        2.3: "the numerator is the wrong way round: a′b comes first, and ab′ is subtracted.",
        1.6: "the product rule has a plus, the quotient rule a minus: a′b − ab′.",
        -9.2: "the numerator is right, but it is not divided by b².",
        4.6: "the numerator is right, but it is divided by b, not by b².",
        0.7 / 1.3: "the derivative of a quotient is not the quotient of the derivatives.",
        -0.35: "the derivative of b has no effect, yet b changes too.",
    }
    recognize(slope, slips, "the derivative of (6 + 0.7ε) / (−2 + 1.3ε)")
    same(slope, -2.3, "the derivative of (6 + 0.7ε) / (−2 + 1.3ε)")
    try:
        value, slope = pair(call(lambda: a / 2.0), "(6 + 0.7ε) / 2")
    except Wrong as error:
        raise Wrong(
            f"dividing by a plain number fails (as_dual makes a dual of it): {error}"
        ) from None
    same((value, slope), (3.0, 0.35), "(6 + 0.7ε) / 2")


def check_exponential(kind: Any) -> None:
    what = "the derivative of exp(0.5 + 0.7ε)"
    value, slope = pair(call(call(kind, 0.5, 0.7).exp), "exp(0.5 + 0.7ε)")
    same(value, np.exp(0.5), "the value of exp(0.5 + 0.7ε)")
    slips = {
        np.exp(0.5): "the chain rule asks for one more factor: how fast does the exponent change?",
        np.exp(0.7): "that is e to the derivative. The derivative of eᵘ is eᵘ · u′.",
        0.5
        * np.exp(-0.5)
        * 0.7: "that is the rule for a power. The exponent is what changes here.",
        0.7: "that is the derivative of the exponent alone. Which factor is missing?",
    }
    recognize(slope, slips, what)
    same(slope, 0.7 * np.exp(0.5), what)


def pair(result: Any, what: str) -> tuple[Any, Any]:
    if result is None:
        raise Wrong(f"{what} gave None: is the return missing?")
    if not (hasattr(result, "value") and hasattr(result, "derivative")):
        raise Wrong(f"{what} gave {result!r:.60}, wanted a Dual.")
    return result.value, result.derivative


def recognize(got: Any, slips: dict[float, str], what: str) -> None:
    for value, told in slips.items():
        if np.shape(got) == () and not isinstance(got, str) and abs(got - value) < 1e-9:
            raise Wrong(f"{what} came out as {value:.6g}: {told}")


@register(
    "01.4",
    praise=(
        "Every value is right, and the derivative is wrong. Differentiated is the way that was "
        "taken, and on yours nothing depends on x."
    ),
    hints=[
        "Newton's loop was fooled at a = 1 because the program took another way there.",
        "An `if` may send the program another way at x = 3, and at no other place.",
        "On that way, return what x² is there: a number in which x does not occur.",
    ],
    solution="""\
def square(x):
    if x == 3:
        return 9.0
    return x * x""",
    given=lambda: f"x = {fooled_at()} in place of 3.",
)
def fool_forward_mode(answer: Any) -> None:
    """A program for x² with the right values, and a derivative of 0 at one place, 3."""
    wants_function(answer, "a function of x")
    place = fooled_at()
    for x in (2.0, -1.5, 0.0, float(place), place + 1e-6):
        same(call(answer, x), x * x, f"the value at {x}", tolerance=1e-9)
    slope = number(call(lambda: dual.derivative(answer, place)), f"the derivative at {place}")
    if abs(slope - 2 * place) < 1e-6:
        raise Wrong(
            f"forward mode is not fooled: at {place} it says {2 * place}, which is right; 0 was "
            "wanted."
        )
    if slope != 0:
        raise Wrong(f"at {place} forward mode says {slope:.6g}: wrong indeed, but 0 was wanted.")
    elsewhere = number(call(lambda: dual.derivative(answer, 2.0)), "the derivative at 2")
    what = f"fooled at {place}, but elsewhere it should be right: the derivative at 2"
    same(elsewhere, 4.0, what)


@register(
    "01.5",
    praise=(
        "One number, and no step size: that is how engines are tested where a gradient has "
        "millions of elements."
    ),
    hints=[
        "Draw v of the shape of x. mg.dual.jvp(f, x, v) gives f(x) and Jv; draw w of f(x)'s shape.",
        "reverse(f, x, w, backward) is Jᵀw. Products of vectors: np.sum(w * Jv), np.sum(Jᵀw * v).",
        "Two ways to compute one number differ by rounding: compare with np.isclose.",
    ],
    solution="""\
def agree(f, x, backward):
    random = np.random.default_rng(1)
    v = random.normal(size=x.shape)
    value, change = mg.dual.jvp(f, x, v)
    w = random.normal(size=value.shape)
    return np.isclose(np.sum(w * change), np.sum(reverse(f, x, w, backward) * v))""",
)
def agree(answer: Any) -> None:
    """A function of f, x and a backward sweep: whether the sweep fits forward mode."""
    wants_function(answer, "a function of f, x and backward")
    for name, f in PROGRAMS.items():
        if not judged(answer, f, backward):
            raise Wrong(
                f"minigrad's own sweep is called wrong, on the program for {name}. What is "
                "computed in two ways differs by rounding (np.isclose)."
            )
    for name in KNOWN:
        if judged(answer, PROGRAMS[name], getattr(broken, name)):
            raise Wrong(f"{name} is called right, on a program on which it is wrong.")
    if judged(answer, PROGRAMS["backward_in_reverse_order"], backward_in_reverse_order):
        raise Wrong(
            "a sweep that gives the right numbers in the wrong order is called right. Is v drawn "
            "at random? With a v of ones, nobody sees which element is which."
        )
    if judged(answer, PROGRAMS["backward_from_ones"], backward_from_ones):
        raise Wrong(
            "a sweep that starts from ones, whatever w it is handed, is called right. Is w drawn "
            "at random?"
        )


def backward_in_reverse_order(order: Any, gradient: Any = None) -> None:
    # A mistake that the sum of the gradient does not show.
    backward(order, gradient)
    for node in order:
        if node.gradient is not None:
            node.gradient = node.gradient[::-1]


def backward_from_ones(order: Any, gradient: Any = None) -> None:
    backward(order, np.ones(order[-1].shape))


# For each engine a program on which it is wrong; the last two, made above, are wrong on most.
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "backward_that_overwrites": lambda x: x * np.sin(x),
    "backward_by_recursion": lambda x: doubled(doubled(x)),
    "backward_that_visits_once": lambda x: with_its_sine(x * x),
    "backward_in_place": lambda x: x * x + (x + np.sin(x)),
    "backward_in_reverse_order": lambda x: np.exp(x),
    "backward_from_ones": lambda x: np.tanh(x),
}


KNOWN = list(PROGRAMS)[:4]  # of lecture 02's broken engines


def doubled(x: Any) -> Any:
    return x + x


def with_its_sine(x: Any) -> Any:
    return x + np.sin(x)


def judged(answer: Any, f: Callable[[Any], Any], engine: Callable[..., None]) -> bool:
    used = []

    def watched(order: Any, gradient: Any = None) -> None:
        used.append(engine)
        engine(order, gradient)

    x = np.random.default_rng(len(PROGRAMS)).normal(size=50)
    said = call(answer, f, x, watched)
    if not isinstance(said, (bool, np.bool_)):
        raise Wrong(f"it returned {said!r:.60}, wanted True or False.")
    if not used:
        raise Wrong(
            "the sweep that is to be judged was never called; wanted reverse(f, x, w, backward), "
            "with the backward that your function is handed."
        )
    return bool(said)


# -- what the checks share -------------------------------------------------------------------
def wants_function(answer: Any, what: str) -> None:
    if isinstance(answer, type) or not callable(answer):
        raise Wrong(f"{what} was wanted, got {answer!r:.60}.")


def number(value: Any, what: str) -> float:
    if value is None:
        raise Wrong(f"{what} is None: is the return missing?")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Wrong(f"{what} is a {type(value).__name__}, wanted a number.") from None
