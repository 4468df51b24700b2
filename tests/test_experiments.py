"""The studies measure what they say, and the committed results say what was measured."""

import contextlib
import csv
import importlib.util
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from minigrad_course.studies import (
    allocation,
    fits,
    keras_graph,
    learning_time,
    paper,
    process,
    published_study,
    reproduce,
    side_by_side,
)
from minigrad_course.studies.charts.studies import CHARTS, draw
from minigrad_course.studies.children import run_module
from minigrad_course.studies.side_by_side import TIMED
from minigrad_course.studies.studies import FASTER, KERAS, PROGRAMS, Measurement
from minigrad_course.studies.verdicts import HOLDS, IN_PART, NOT, OPEN, WORDS, verdicts

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "data" / "results" / "reproduce"
needs_memray = pytest.mark.skipif("memray" in allocation.missing(), reason="needs memray")


@pytest.fixture(scope="module")
def committed():
    return json.loads((RESULTS / "results.json").read_text("utf-8"))


def measured(measurement: Measurement) -> dict:
    """Measure in a process of its own, as the command does."""
    return run_module("minigrad_course.studies.process", measurement.task(), measurement.threads)


# The paper's charts


def test_every_chart_of_the_paper_is_there():
    for number, name in paper.FIGURES.items():
        assert name.startswith(f"figure_{number}_")
        rows = list(csv.reader((ROOT / "data" / "paper" / name).open(encoding="utf-8")))
        assert rows[0] == list(paper.figure(number)) and len(rows) > 2


def test_the_charts_agree_with_the_papers_text():
    assert np.mean(paper.figure(6)["gigabytes"]) == pytest.approx(2, abs=0.1)  # "around 2GB"
    assert np.mean(paper.figure(5)["kilobytes"]) == pytest.approx(5000, rel=0.15)  # "5 MB"
    keras, julia = paper.figure(1)["seconds"], paper.figure(2)["seconds"]
    assert keras[0] < julia[0] and keras[-1] > julia[-1]  # Python first, Julia later
    assert max(paper.figure(4)["last_epoch"]) < 0  # no cross-entropy


def test_the_papers_times_are_straight_lines():
    lines = learning_time.paper_lines()
    assert lines["keras"]["r_squared"] > 0.98 and lines["julia"]["r_squared"] > 0.999
    assert lines["keras"]["slope"] > 3 * lines["julia"]["slope"]
    assert lines["julia"]["fixed"] > 10 * lines["keras"]["fixed"]
    assert lines["crossing"] == pytest.approx(26, abs=1)


# Straight lines


def test_a_line_has_numpys_coefficients_and_errors():
    generator = np.random.default_rng(0)
    x = np.arange(12.0)
    y = 3 + 0.5 * x + generator.normal(0, 0.2, 12)
    line = fits.straight_line(x, y)
    (slope, fixed), covariance = np.polyfit(x, y, 1, cov=True)
    assert (line.fixed, line.slope) == pytest.approx((fixed, slope))
    assert (line.slope_error, line.fixed_error) == pytest.approx(np.sqrt(np.diag(covariance)))
    assert line.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)


def test_relative_errors_weigh_as_numpys_do():
    x, y = np.array([1.0, 10.0, 100.0, 1000.0]), np.array([2.1, 11.5, 99.0, 1020.0])
    slope, fixed = np.polyfit(x, y, 1, w=1 / y)
    line = fits.straight_line(x, y, relative=True)
    assert (line.fixed, line.slope) == pytest.approx((fixed, slope))


def test_errors_cover_the_truth_about_as_often_as_they_promise():
    generator = np.random.default_rng(1)
    x = np.arange(30.0)
    inside = 0
    for _ in range(400):
        line = fits.straight_line(x, 1 + 2 * x + generator.normal(0, 1, 30))
        inside += abs(line.slope - 2) < line.slope_error
    assert 0.6 < inside / 400 < 0.76  # one standard error: 68 %


@pytest.mark.parametrize("x", [[1, 2], [5, 5, 5]])
def test_a_line_needs_three_places(x):
    with pytest.raises(ValueError, match="three points"):
        fits.straight_line(x, [1.0] * len(x))


def test_parallel_lines_do_not_cross():
    line = fits.straight_line([0, 1, 2], [1.0, 2.0, 3.0])
    assert fits.crossing(line, fits.straight_line([0, 1, 2], [2.0, 3.0, 4.0])) is None


# Plans


@pytest.mark.parametrize("quick", [True, False])
def test_no_measurement_is_planned_twice(quick):
    names = [m.name for m in reproduce.plan(PROGRAMS, quick)]
    assert len(names) == len(set(names))


def test_the_full_plan_has_the_papers_sizes_and_real_ones():
    planned = reproduce.plan(PROGRAMS, quick=False)
    for program in set(PROGRAMS) - {FASTER}:
        time = {
            (m.pictures, m.batch, m.epochs)
            for m in planned
            if (m.study, m.program) == ("learning_time", program)
        }
        assert {(n, 1, 100) for n in paper.PICTURES} <= time
        assert {(n, b, 1) for n in (100, 60_000) for b in (32, 128)} <= time
    assert {m.epochs for m in planned if m.study == "loss_curves" and m.pictures == 60_000} == {
        2,
        16,
    }


def test_keras_is_plain_fit_and_its_faster_setting_is_only_timed():
    planned = reproduce.plan(PROGRAMS, quick=False)
    assert {m.study for m in planned if m.program == FASTER} == {"learning_time"}
    assert {m.study for m in planned if m.program == KERAS} > {"loss_curves", "allocation"}
    largest = {(m.batch, m.pictures) for m in planned if m.program == FASTER}
    assert largest == {(1, 100)}
    assert FASTER not in {m.program for m in reproduce.plan(PROGRAMS, quick=True)}


def test_short_measurements_are_repeated_five_times_and_long_ones_twice():
    repeats = Counter(
        (m.program, m.batch, m.pictures)
        for m in reproduce.plan(PROGRAMS, quick=False)
        if m.study in TIMED
    )
    assert set(repeats.values()) == {2, 3, 5}
    assert {repeats[key] for key in repeats if key[0] == "minigrad"} == {5}
    assert {repeats[key] for key in repeats if key[0] == KERAS} == {2}
    assert {repeats[key] for key in repeats if key[0] == FASTER} == {3}


@pytest.mark.parametrize("quick", [True, False])
def test_the_repeats_are_spread_over_the_whole_run(quick):
    planned = reproduce.plan(PROGRAMS, quick)
    order = reproduce.in_time(planned)
    assert Counter(order) == Counter(planned)
    rounds = [m.round for m in order if m.study in TIMED]
    assert rounds == sorted(rounds) and rounds[-1] > 1
    places: dict[tuple, list[int]] = defaultdict(list)
    for place, m in enumerate(order):
        if m.study in TIMED:
            places[m.program, m.batch, m.pictures].append(place)
    for own in places.values():
        # The first and the last of them lie more than half of the run apart.
        assert len(own) > 1 and own[-1] - own[0] > len(order) / 2
    between = [m for m in order[: len(order) // 2] if m.study not in TIMED]
    assert between  # the others fill the time between the rounds


def test_what_takes_longest_begins_first_between_two_rounds():
    """Two at a time, and none should be left alone at the end."""
    order = reproduce.in_time(reproduce.plan(PROGRAMS, quick=False))
    for before, after in pairwise(order):
        if before.study not in TIMED and after.study not in TIMED:
            assert (before.program == KERAS) >= (after.program == KERAS)
            same = before.program == after.program
            assert not same or before.steps * before.seeds >= after.steps * after.seeds


def test_within_a_round_the_programs_take_turns():
    planned = [m for m in learning_time.plan(PROGRAMS, quick=False) if m.round == 0]
    at_100 = [m.program for m in planned if (m.pictures, m.batch) == (100, 1)]
    assert sorted(at_100) == sorted(PROGRAMS)  # one after another, and not in blocks
    firsts = {
        next(m.program for m in learning_time.plan(PROGRAMS, quick=False) if m.round == number)
        for number in range(3)
    }
    assert len(firsts) > 1  # and it is not always the same one that begins


def test_what_is_timed_runs_alone_and_all_else_two_at_a_time(monkeypatch):
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    timed = Measurement("learning_time", "minigrad", 10, 1, 1)
    other = Measurement("loss_curves", "minigrad", 10, 1, 1)
    assert side_by_side.may_begin(timed, []) and side_by_side.may_begin(other, [other])
    assert not side_by_side.may_begin(timed, [other])
    assert not side_by_side.may_begin(other, [timed])
    assert not side_by_side.may_begin(other, [other, other])
    monkeypatch.setattr(side_by_side, "cores", lambda: 1)
    assert not side_by_side.may_begin(other, [other])


@pytest.fixture
def processes(monkeypatch):
    """Every process that is started."""
    started, right = [], side_by_side.module_running

    @contextlib.contextmanager
    def module_running(*words):
        with right(*words) as process:
            started.append(process)
            yield process

    monkeypatch.setattr(side_by_side, "module_running", module_running)
    return started


LONG = Measurement("loss_curves", "minigrad_eager", 100, 1, 1000)


def test_closed_in_the_middle_no_process_is_left_behind(processes, monkeypatch):
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    begun = []
    short = Measurement("loss_curves", "minigrad", 10, 1, 1)
    running = side_by_side.run_all([LONG, short, short], begun.append)
    assert next(running)[0] == short and begun == [LONG, short]
    assert processes[0].poll() is None  # the long one is at work
    running.close()
    assert all(process.poll() is not None for process in processes)


def test_who_takes_too_long_is_given_up(processes, monkeypatch):
    monkeypatch.setattr(side_by_side, "LIMIT", 0.3)
    [(measurement, outcome)] = side_by_side.run_all([LONG], lambda measurement: None)
    assert measurement == LONG and isinstance(outcome, reproduce.PeerError)
    assert "had not finished" in str(outcome) and processes[0].poll() is not None


def test_two_at_a_time_keep_to_cores_of_their_own():
    assert process.own_cores([0, 1], threads=1, place=0) == {1}
    assert process.own_cores([0, 1], threads=1, place=1) == {0}
    assert process.own_cores([4, 5, 6, 7], threads=2, place=1) == {4, 5}
    assert process.own_cores([0, 1], threads=2, place=1) == {0, 1}  # there are no others


def test_ratios_are_formed_within_a_round():
    """In the second round the machine was half as fast for both: the ratio is still 4."""
    results = [
        (Measurement("learning_time", program, 10, 1, 1, k), {"seconds": seconds * slow})
        for k, slow in enumerate((1.0, 2.0, 1.0))
        for program, seconds in ((KERAS, 4.0), ("minigrad", 1.0))
    ]
    [row] = learning_time.faster(results)
    assert (row["program"], row["times"], row["low"], row["high"]) == ("minigrad", 4, 4, 4)


def test_what_is_not_installed_takes_no_part():
    assert KERAS not in {m.program for m in reproduce.plan(["minigrad"], quick=False)}


# Each study, live and small; bands that hold on any machine


def test_learning_time_is_measured_and_grows():
    short, long = (measured(Measurement("learning_time", "minigrad", 100, 1, e)) for e in (1, 20))
    assert 0 < short["seconds"] < long["seconds"] < long["finished"]
    assert short["imported"] > 0
    summary = learning_time.summarize(
        [(Measurement("learning_time", "minigrad", 100, 1, 1), short)]
    )
    assert summary["rows"][0]["seconds"]["median"] == short["seconds"] and not summary["lines"]


def test_plan_and_walk_have_the_same_losses():
    walk, plan = (
        measured(Measurement("loss_curves", program, 10, 1, 4))
        for program in ("minigrad_eager", "minigrad")
    )
    assert walk["losses"] == pytest.approx(plan["losses"], rel=1e-4)
    assert walk["losses"][-1] < walk["losses"][0]


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")
def test_keras_has_them_too_and_gives_the_same_digits_twice():
    settings = Measurement("loss_curves", KERAS, 10, 1, 4)
    keras = measured(settings)
    assert measured(settings)["losses"] == keras["losses"]
    ours = measured(Measurement("loss_curves", "minigrad", 10, 1, 4))
    assert ours["losses"] == pytest.approx(keras["losses"], rel=1e-4)
    assert ours["test_accuracies"][-1][1] == pytest.approx(
        keras["test_accuracies"][-1][1], abs=2e-3
    )


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")
def test_keras_runs_a_tape_backward():
    found = measured(keras_graph.plan([KERAS], quick=True)[0])
    assert 10 < found["tape"] < found["operations"]


@needs_memray
def test_the_walk_allocates_megabytes_a_step_and_the_plan_next_to_nothing():
    slopes = {}
    for program in ("minigrad_eager", "minigrad"):
        totals = [
            measured(Measurement("allocation", program, n, 1, 2, how="memray"))["allocated"]
            for n in (10, 60)
        ]
        slopes[program] = (totals[1] - totals[0]) / 100  # steps
    assert slopes["minigrad_eager"] > 5e6  # the gradient of 5832×128 weights alone has 3 MB
    assert slopes["minigrad"] < slopes["minigrad_eager"] / 20


def test_live_peak_does_not_grow_with_the_set():
    peaks = [
        measured(Measurement("allocation", "minigrad_eager", n, 1, 1, how="tracemalloc"))["peak"]
        for n in (10, 60)
    ]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.05)


def test_switches_are_found_by_their_names():
    for how in published_study.hows(quick=False):
        switches = published_study.switches_of(how)
        if how.startswith("without_"):
            assert not getattr(switches, how.removeprefix("without_"))
        elif how.startswith("only_"):
            assert getattr(switches, how.removeprefix("only_"))
    assert published_study.switches_of("path_0") == published_study.PUBLISHED


# Verdicts, charts


def test_nothing_measured_decides_nothing():
    assert {line["verdict"] for line in verdicts(reproduce.merge([], {}, True)["summary"])} == {
        OPEN
    }


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_nothing_is_no_chart(name):
    assert draw(name, reproduce.merge([], {}, True)["summary"]) is None


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_has_axes_with_words_and_a_text(name, committed):
    figure, alt = draw(name, committed["summary"])
    assert len(alt) > 40
    for axis in figure.axes:
        assert axis.get_xlabel()


# The committed results


def pairs(result: dict) -> list:
    return [(Measurement(**m["settings"]), m["result"]) for m in result["measurements"]]


def test_committed_summaries_are_those_of_the_committed_measurements(committed):
    again = json.loads(
        json.dumps(
            reproduce.merge(pairs(committed), committed["machine"], committed["mode"] == "quick")
        )
    )
    # JSON keeps no tuples, and another NumPy may round the last digit of a fit otherwise.
    assert flat(again["summary"]) == pytest.approx(flat(committed["summary"]), rel=1e-9)
    assert [v["verdict"] for v in again["verdicts"]] == [
        v["verdict"] for v in committed["verdicts"]
    ]


def flat(tree: object, path: str = "") -> dict[str, object]:
    """Every number of a tree by its path; words are left to equality elsewhere."""
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = enumerate(tree)
    else:
        return {path: tree} if isinstance(tree, (int, float)) else {}
    return {k: v for key, part in items for k, v in flat(part, f"{path}/{key}").items()}


def test_committed_files_are_complete(committed):
    assert not committed["failures"] and not committed["missing"]
    for name in CHARTS:
        assert (RESULTS / f"{name}.svg").exists() and (RESULTS / f"{name}.png").exists()
    page = (RESULTS / "report.html").read_text("utf-8")
    assert page.count("<figure") == len(CHARTS)


def test_committed_results_name_the_machine_and_no_path_of_it(committed):
    assert committed["machine"]["processor"] and committed["machine"]["libraries"]["numpy"]
    for name in ("results.json", "report.html"):
        assert not re.search(r"/(home|root|work|tmp|Users)/", (RESULTS / name).read_text("utf-8"))


def test_what_the_committed_results_say_about_speed(committed):
    """The plan is faster than Keras, even at its faster setting; the walk is not as fast."""
    faster = committed["summary"]["learning_time"]["faster"]
    times = {(r["program"], r["batch"], r["pictures"]): r["times"] for r in faster}
    for (program, batch, pictures), ratio in times.items():
        if program == "minigrad":
            assert ratio > 1.5
            if pictures > 10 * batch:  # to make a plan takes as long as to walk a few steps
                assert ratio > 0.9 * times["minigrad_eager", batch, pictures]
            assert ratio > times.get((FASTER, batch, pictures), 0)


def test_committed_times_say_where_the_next_median_is_expected(committed):
    """Never narrower than the pace of a whole run allows, whatever the repeats say."""
    for row in committed["summary"]["learning_time"]["rows"]:
        seconds = row["seconds"]
        low, high = seconds["expected"]
        assert low < seconds["median"] < high and 1.2 < high / low < 10
        assert seconds["count"] >= 2


def test_what_the_committed_results_say_about_loss(committed):
    for row in committed["summary"]["loss_curves"]["differences"]:
        assert row["loss"] < 2e-3 and row["accuracy"] < 5e-3


def test_what_the_committed_results_say_about_allocation(committed):
    slope = {line["program"]: line["slope"] for line in committed["summary"]["allocation"]["lines"]}
    assert slope["minigrad"] < slope[KERAS] < slope["minigrad_eager"]
    assert 20 * slope["minigrad"] < slope["minigrad_eager"]


def test_what_the_committed_results_say_about_the_published_network(committed):
    study = committed["summary"]["published_study"]
    for curve in study["curves"]:
        assert -9 < curve["losses"][0] < curve["losses"][-1] <= 0
        assert abs(curve["test_accuracy"] - 0.1) < 0.05
    reached = {entry["how"]: np.median(entry["test_accuracies"]) for entry in study["switches"]}
    assert reached["path_0"] < 0.15 and reached["path_12"] > 0.5


def test_every_claim_is_decided_by_the_committed_results(committed):
    table = [line["verdict"] for line in committed["verdicts"]]
    assert len(table) == 9 and set(table) == {HOLDS, IN_PART, NOT, WORDS}


def test_the_verdicts_say_what_one_argument_of_keras_changes(committed):
    [line] = [v for v in committed["verdicts"] if v["claim"].startswith("On large sets")]
    assert "steps_per_execution=32" in line["evidence"]


def test_full_run_has_every_measurement_of_the_plan(committed):
    names = {measurement.name.rsplit("-t", 1)[0] for measurement, _ in pairs(committed)}
    planned = reproduce.plan(PROGRAMS, committed["mode"] == "quick")
    assert names == {m.name.rsplit("-t", 1)[0] for m in planned}


def test_loss_of_the_published_network_is_no_cross_entropy(committed):
    losses = [
        loss for curve in committed["summary"]["loss_curves"]["curves"] for loss in curve["losses"]
    ]
    assert min(losses) > 0
