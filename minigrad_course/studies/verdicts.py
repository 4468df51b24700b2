"""The paper's claims beside what was measured: does each hold, and why.

Every number in an answer is taken from the summaries of the studies, so the table is as good as
the run that it was made from. The paper is quoted by section.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from minigrad_course.studies import paper
from minigrad_course.studies.studies import FASTER, KERAS

__all__ = ["HOLDS", "IN_PART", "NOT", "OPEN", "WORDS", "Verdict", "verdicts"]

HOLDS, IN_PART, NOT = "holds", "holds in part", "does not hold"
WORDS, OPEN = "a matter of words", "not decided here"
Summary = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """One line of the table.

    Attributes:
        claim: What the paper says, and where.
        evidence: What was measured here.
        verdict: :data:`HOLDS`, :data:`IN_PART`, :data:`NOT`, :data:`WORDS` or :data:`OPEN`.
        why: The reason.
    """

    claim: str
    evidence: str
    verdict: str
    why: str


def verdicts(summary: Summary) -> list[dict[str, str]]:
    """The whole table.

    Args:
        summary: The summaries of the studies, by name, as ``results.json`` holds them.

    Returns:
        The nine claims, each as a dictionary of :class:`Verdict`'s attributes. A claim for which
        something was not measured is not decided.

    Example:
        >>> [line["verdict"] for line in verdicts({})].count(OPEN)
        9
    """
    table = []
    for judge in JUDGES:
        try:
            table.append(asdict(judge(summary)))
        except LookupError:
            claim = (judge.__doc__ or "").strip()
            lacking = "A measurement that this needs was left out of this run."
            table.append(asdict(Verdict(claim, "–", OPEN, lacking)))
    return table


# -- what the judges read -------------------------------------------------------------------
def one(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The one row with these values."""
    for row in rows:
        if all(row[name] == value for name, value in wanted.items()):
            return row
    raise LookupError(f"no row with {wanted}")


def times_faster(summary: Summary, program: str, batch: int | None = None) -> list[float]:
    """How many times faster than Keras, at all sizes from the smallest to the largest."""
    rows = [
        row
        for row in summary["learning_time"]["faster"]
        if row["program"] == program and batch in (None, row["batch"])
    ]
    if not rows:
        raise LookupError(program)
    return [row["times"] for row in sorted(rows, key=lambda row: row["pictures"])]


def span(values: list[float], write: Callable[[float], str]) -> str:
    """The smallest and the largest, or one of them where they read alike."""
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def two_digits(value: float) -> str:
    """A ratio with as many digits as it deserves."""
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def megabytes(value: float) -> str:
    """Bytes in the unit that fits, in powers of 1000."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= unit:
            number = value / unit
            return f"{number:.1f} {name}" if number < 10 else f"{number:,.0f} {name}"
    return f"{value:.0f} B"


# -- the judges: the claim is the docstring -----------------------------------------------------
def small_sets(summary: Summary) -> Verdict:
    """On small sets the Python program learns faster than the Julia program (III.A)."""
    lines = summary["paper"]
    ours = times_faster(summary, "minigrad", batch=1)
    keras = one(summary["learning_time"]["lines"], program=KERAS, batch=1)
    planned = one(summary["learning_time"]["lines"], program="minigrad", batch=1)
    return Verdict(
        small_sets.__doc__ or "",
        f"The paper's lines cross at {lines['crossing']:.0f} pictures: Keras costs "
        f"{lines['keras']['fixed']:.2f} s once and {lines['keras']['slope'] * 1e3:.2f} ms a step, "
        f"Julia {lines['julia']['fixed']:.2f} s and {lines['julia']['slope'] * 1e3:.2f} ms. Here, "
        f"with the same network in both, Keras costs {keras['fixed']:.1f} s and "
        f"{keras['slope'] * 1e3:.2f} ms, the plan {planned['fixed']:.2f} s and "
        f"{planned['slope'] * 1e3:.2f} ms; the plan is {span(ours, two_digits)} times as "
        "fast.",
        IN_PART if min(ours) > 1 else HOLDS,
        "What the smallest sets measure is what a program does once. Julia compiles when it "
        "first runs; a library with nothing to compile has no such handicap.",
    )


def large_sets(summary: Summary) -> Verdict:
    """On large sets the Julia program learns faster than the Python one (III.A)."""
    planned = times_faster(summary, "minigrad")
    eager = times_faster(summary, "minigrad_eager")
    largest = max(row["pictures"] for row in summary["learning_time"]["faster"])
    return Verdict(
        large_sets.__doc__ or "",
        f"Up to {largest:,} pictures the plan is {span(planned, two_digits)} times as fast "
        f"as Keras; node by node it is {span(eager, two_digits)} times as fast."
        + with_one_argument(summary),
        IN_PART,
        "A program of one's own can be the faster one, and how it computes a step decides. "
        "100 pictures are not a large set, and the published network has 101 times fewer "
        "weights than the Keras one.",
    )


def with_one_argument(summary: Summary) -> str:
    """What Keras's faster setting changes, where it was measured."""
    found = [r for r in summary["learning_time"]["faster"] if r["program"] == FASTER]
    if not found:
        return ""
    plan = {
        (r["batch"], r["pictures"]): r["times"]
        for r in summary["learning_time"]["faster"]
        if r["program"] == "minigrad"
    }
    left = [plan[r["batch"], r["pictures"]] / r["times"] for r in found]
    return (
        " One argument of Keras's, steps_per_execution=32, makes Keras "
        f"{span([r['times'] for r in found], two_digits)} times as fast at batch size 1; "
        f"the plan is still {span(left, two_digits)} times as fast as that."
    )


def slower_convergence(summary: Summary) -> Verdict:
    """The Julia program needs many more epochs to bring the cross-entropy down (III.B)."""
    differences = [
        row["loss"]
        for row in summary["loss_curves"]["differences"]
        if row["pictures"] in paper.PICTURES
    ]
    curves = summary["published_study"]["curves"]
    if not differences or not curves:
        raise LookupError("loss")
    accuracies = [curve["test_accuracy"] for curve in curves]
    return Verdict(
        slower_convergence.__doc__ or "",
        "With the same network, weights and order the losses of Keras and minigrad differ by at "
        f"most {max(differences):.0e} in any epoch. The published network, re-created, climbs "
        "toward zero from below as in Figure 4, and ends at a test accuracy of "
        f"{span(accuracies, '{:.0%}'.format)}, where guessing gives 10%.",
        NOT,
        "The published loss is minus the true class's score, not a cross-entropy, and its update "
        "drives that score down. It is another task, not slower progress in the same one.",
    )


def twenty_epochs(summary: Summary) -> Verdict:
    """Keras is done after about 20 epochs (III.B)."""
    curves = [
        curve
        for curve in summary["loss_curves"]["curves"]
        if curve["program"] == KERAS and curve["batch"] == 1 and len(curve["losses"]) >= 20
    ]
    if not curves:
        raise LookupError(KERAS)
    losses = {curve["pictures"]: curve["losses"][19] for curve in curves}
    largest = max(curves, key=lambda curve: curve["pictures"])
    tested = dict(map(tuple, largest["test_accuracies"]))
    last = max(tested)
    done = [n for n, loss in losses.items() if loss <= 0.1]
    return Verdict(
        twenty_epochs.__doc__ or "",
        "Loss in epoch 20: "
        + ", ".join(f"{loss:.3f} ({n} pictures)" for n, loss in sorted(losses.items()))
        + f". Test accuracy with {largest['pictures']} pictures: {tested[20]:.1%} after 20 epochs"
        + (f", {tested[last]:.1%} after {last}." if last > 20 else "."),
        HOLDS if len(done) == len(losses) else IN_PART if done else NOT,
        "With one picture a step, 20 epochs are many steps. It is the loss on pictures that were "
        "learned by heart: what more epochs do not help, more pictures would.",
    )


def constant_five_megabytes(summary: Summary) -> Verdict:
    """The Python program allocates about 5 MB, whatever the size of the set (III.C)."""
    rows = [
        row
        for row in summary["allocation"]["rows"]
        if row["program"] == KERAS and "tracemalloc_peak" in row
    ]
    live = [row["tracemalloc_peak"] for row in rows]
    total = [row["allocated"] for row in rows]
    resident = [row["resident_peak"] for row in rows if "resident_peak" in row]
    if not rows or not resident:
        raise LookupError(KERAS)
    epochs = rows[0]["epochs"]
    return Verdict(
        constant_five_megabytes.__doc__ or "",
        f"Keras, {rows[0]['pictures']} to {rows[-1]['pictures']} pictures: live peak that Python "
        f"sees {span(live, megabytes)}; allocated in total in {epochs} epochs "
        f"{span(total, megabytes)}; resident {span(resident, megabytes)}.",
        IN_PART,
        "By the live peak that Python sees, it is a few megabytes and nearly constant. TensorFlow's "
        "own memory is not among them, and what is allocated in total grows with every step.",
    )


def growing_gigabytes(summary: Summary) -> Verdict:
    """The Julia program allocates about 2 GB, more for larger sets (III.C)."""
    chart = paper.figure(6)
    from minigrad_course.studies.fits import straight_line

    julia = straight_line([n * paper.EPOCHS for n in chart["pictures"]], chart["gigabytes"])
    lines = summary["allocation"]["lines"]
    slopes = {
        program: one(lines, program=program)["slope"]
        for program in (KERAS, "minigrad_eager", "minigrad")
    }
    eager = [row for row in summary["allocation"]["rows"] if row["program"] == "minigrad_eager"]
    return Verdict(
        growing_gigabytes.__doc__ or "",
        f"Figure 6 is a straight line of {megabytes(julia.slope * 1e9)} a step. Measured alike, a "
        f"step allocates {megabytes(slopes[KERAS])} in Keras, "
        f"{megabytes(slopes['minigrad_eager'])} node by node and {megabytes(slopes['minigrad'])} "
        "with the plan. Node by node the live peak is "
        f"{span([row['memray_peak'] for row in eager if 'memray_peak' in row], megabytes)} at every size.",
        IN_PART,
        "As the sum of all requests it holds for any program that makes new arrays in each step. "
        "Nearly all of it is given back at once. It cannot be set against a live peak.",
    )


def symbolic_differentiation(summary: Summary) -> Verdict:
    """Keras differentiates symbolically, the Julia program by graph nodes (IV)."""
    counts = summary["keras_graph"]
    return Verdict(
        symbolic_differentiation.__doc__ or "",
        f"Of the {counts['operations']} operations in Keras's traced training step, "
        f"{counts['tape']} are named after the gradient tape: the backward sweep over what the "
        "forward sweep recorded.",
        WORDS,
        "Both programs apply rules for single operations and keep what they computed: today that is "
        "called reverse mode on a graph, and TensorFlow's own documentation calls it symbolic. What "
        "Keras adds is tracing ahead of running, which the paper rightly credits with the speed.",
    )


def flexible_graph_nodes(summary: Summary) -> Verdict:
    """Graph nodes give more flexibility and control than Keras's way (IV)."""
    reached = one(summary["published_study"]["switches"], how="path_12")["test_accuracies"]
    return Verdict(
        flexible_graph_nodes.__doc__ or "",
        "The published network's twelve peculiarities, a convolution with another gradient among "
        "them, took one class of five lines on our graph; with all mended the same graph reaches "
        f"{span(reached, '{:.0%}'.format)} on the test pictures.",
        IN_PART,
        "A graph of one's own hides nothing, which is its worth for learning. TensorFlow allows "
        "operations with gradients of one's own as well; no experiment here compares the effort.",
    )


def insufficient_allocation_work(summary: Summary) -> Verdict:
    """The work against allocations was insufficient, as the authors say (II.D)."""
    lines = summary["allocation"]["lines"]
    eager = one(lines, program="minigrad_eager")["slope"]
    planned = one(lines, program="minigrad")["slope"]
    times = [
        one(summary["learning_time"]["lines"], program=program, batch=1)["slope"]
        for program in ("minigrad_eager", "minigrad")
    ]
    return Verdict(
        insufficient_allocation_work.__doc__ or "",
        f"Of {megabytes(eager)} that a step allocates node by node, the plan leaves "
        f"{megabytes(planned)}, none of it an array of the network's, and a step takes "
        f"{times[1] / times[0]:.0%} of the time.",
        HOLDS,
        "Making the graph once, and all its arrays with it, removes what remained.",
    )


JUDGES = (
    small_sets,
    large_sets,
    slower_convergence,
    twenty_epochs,
    constant_five_megabytes,
    growing_gigabytes,
    symbolic_differentiation,
    flexible_graph_nodes,
    insufficient_allocation_work,
)
