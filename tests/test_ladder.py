"""The ladder of lecture 04: every rung trains the same network, to rounding."""

import json
import threading

import numpy as np
import pytest

from minigrad_course.lessons import ladder
from minigrad_course.lessons.ladder.arrays import Band

RUNGS = [
    ladder.GraphPerPicture,
    ladder.GraphOnce,
    ladder.WindowMatrix,
    ladder.SinglePrecision,
    ladder.InPlace,
    ladder.BatchLast,
    ladder.BothCores,
    ladder.Plan,
]


def pictures(count):
    generator = np.random.default_rng(count)
    x = generator.random((count, 28, 28, 1), dtype=np.float32)
    return x, np.eye(10, dtype=np.float32)[generator.integers(0, 10, count)]


@pytest.fixture(scope="module")
def weights():
    """Biases that are not 0, so that a rung that forgets one is caught."""
    generator = np.random.default_rng(0)
    found = ladder.reference_network().get_weights()
    return [w + generator.normal(0, 0.05, w.shape).astype(np.float32) for w in found]


@pytest.mark.parametrize("batch", [1, 3, 8])
@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
def test_rung_has_the_loss_and_the_gradients_of_the_reference(rung, batch, weights):
    """To 1e-12 of the largest gradient in float64, to 2e-5 in float32."""
    x, y = pictures(batch)
    assert rung.tolerance in (1e-12, 2e-5)
    assert ladder.Climb(weights, x, y).check(rung, batch) < rung.tolerance


def test_rung_with_jacobians_has_them_too(weights):
    """With one filter: the Jacobian of eight takes 272 MB."""
    small = ladder.reference_network(filters=1).get_weights()
    assert ladder.Climb(small, *pictures(1)).check(ladder.Jacobians, 1) < 1e-12


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
def test_second_step_follows_from_the_first(rung, weights):
    """Nothing of a step is left over in the memory that the next one uses."""
    runner, wanted = rung(weights, 4), ladder.GraphOnce(weights, 4)
    x, y = pictures(8)
    for part in (slice(0, 4), slice(4, 8), slice(0, 4)):
        loss = runner.step(x[part], y[part], 0.1)
        assert loss == pytest.approx(wanted.step(x[part], y[part], 0.1), rel=1e-5)
    for w, other in zip(runner.weights, wanted.weights, strict=True):
        np.testing.assert_allclose(w, other, atol=2e-6)


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.__name__)
def test_weights_given_to_a_rung_are_not_trained_upon(rung, weights):
    before = [w.copy() for w in weights]
    rung(weights, 2).step(*pictures(2), 1.0)
    assert all(map(np.array_equal, weights, before))


def test_reference_agrees_with_finite_differences(weights):
    x, y = pictures(2)
    _, gradients = ladder.reference(weights, x, y)
    generator, h = np.random.default_rng(1), 1e-5
    for number, gradient in enumerate(gradients):
        place = np.unravel_index(generator.integers(gradient.size), gradient.shape)
        losses = []
        for move in (h, -h):
            moved = [w.astype(float) for w in weights]
            moved[number][place] += move
            losses.append(ladder.GraphOnce(moved, 2).step(x, y))
        slope = (losses[0] - losses[1]) / (2 * h)
        assert gradient[place] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("rung", [ladder.InPlace, ladder.BatchLast, ladder.BothCores, ladder.Plan])
def test_upper_rungs_allocate_no_array_in_a_step(rung, weights):
    runner, (x, y) = rung(weights, 32), pictures(32)
    runner.step(x, y)
    assert ladder.allocated(lambda: runner.step(x, y)) == 0


def test_lower_rungs_allocate_less_and_less(weights):
    x, y = pictures(32)
    rungs = ladder.GraphOnce, ladder.WindowMatrix, ladder.SinglePrecision, ladder.InPlace
    found = []
    for rung in rungs:
        runner = rung(weights, 32)
        found.append(ladder.allocated(lambda runner=runner: runner.step(x, y)))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def test_check_catches_a_rung_that_is_wrong(weights, monkeypatch):
    right = Band.backward

    def without_mask(band, g, rate):
        band.maps[...] = 1  # as if ReLU had let everything through
        right(band, g, rate)

    monkeypatch.setattr(Band, "backward", without_mask)
    with pytest.raises(AssertionError, match=r"batch last: the gradient of \w+ is off by"):
        ladder.Climb(weights, *pictures(2)).check(ladder.BatchLast, 2)


def test_climb_keeps_what_it_measures(weights, capsys):
    climb = ladder.Climb(weights, *pictures(2))
    climb.to(ladder.InPlace, batch=2)
    climb.to(ladder.BatchLast, batch=1, title="another name")
    assert [(r.title, r.batch) for r in climb.readings] == [
        ("out=, no allocation", 2),
        ("another name", 1),
    ]
    assert capsys.readouterr().out.count("0.00 MB allocated in a step; gradients agree to") == 2
    assert climb.find("another name", batch=1) == climb.readings[1]
    with pytest.raises(KeyError, match="no rung 'a third name' with batch 1 was measured"):
        climb.find("a third name", batch=1)
    assert ladder.table(climb.readings).count("\n") == 2


def test_time_of_the_kernels_covers_the_useful_work():
    """4,579,968 operations for a picture: counted by hand, layer by layer."""
    products = 27 * 27 * 8 * 4, 5832 * 128, 128 * 10
    passes = 2, 3, 3  # nobody asks for the gradient of the pictures
    by_hand = sum(2 * n * p for n, p in zip(products, passes, strict=True))
    times = ladder.kernel_times(ladder.reference_network(), *pictures(8), repeats=2)
    assert sum(kernel.flops for kernel in times) == 8 * by_hand == 8 * 4_579_968
    assert all(kernel.forward > 0 for kernel in times if kernel.flops)


def test_charts_draw_every_rung_and_every_kernel():
    readings = [ladder.Reading("slow", 1, 1.0, 0, 0.0), ladder.Reading("quick", 128, 0.01, 0, 0.0)]
    (ax,) = ladder.chart_of_rungs(readings, floor=1e5).figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["slow", "quick"]
    assert sorted(bar.get_width() for bar in ax.patches) == [1.0, 12_800.0]
    times = ladder.kernel_times(ladder.reference_network(), *pictures(2), repeats=1)
    (ax,) = ladder.chart_of_kernels(times, rate=100.0).figure.axes
    assert len(ax.get_yticklabels()) == len(times)


def test_rungs_have_no_threads_of_their_own(weights):
    x, y = np.zeros((2, 28, 28, 1)), np.eye(10)[:2]
    ladder.BothCores(weights, 2).step(x, y)
    before = threading.active_count()
    for _ in range(3):
        ladder.BothCores(weights, 2).step(x, y)
    assert threading.active_count() == before  # they take those that are idle


def test_committed_benchmark_shows_training_speed_of_the_reference_network(tmp_path):
    def row(peer, speed, **changed):
        spread = {"median": speed, "low": speed, "high": speed, "count": 3}
        case = {"question": "speed", "network": "reference", "batch": 32, "pictures": 60_000}
        return {**case, "busy": False, "peer": peer, "speed": spread, **changed}

    rows = [row("minigrad", 54_321.0), row("keras", 12_345.0), row("torch", 777.0, busy=True)]
    rows += [row("jax", 888.0, network="lenet"), row("jax", 999.0, question="size")]
    file = tmp_path / "bench.json"
    machine = {"processor": "A processor", "cores": 2}
    file.write_text(json.dumps({"machine": machine, "threads": 2, "summary": rows}))
    told = ladder.committed_benchmark(file)
    assert told.startswith("A processor, 2 of 2 cores")
    assert "batch 32, epochs of 60,000 pictures" in told
    assert "54,321" in told and "12,345" in told
    assert not any(speed in told for speed in ("777", "888", "999"))
