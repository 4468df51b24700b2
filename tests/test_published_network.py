"""The published Julia network on our graph: each peculiarity does what its name says."""

from dataclasses import fields, replace

import numpy as np
import pytest

import minigrad as mg
from minigrad_course.lessons.broken import ConvolutionThatOverwrites
from minigrad_course.studies.published_network import (
    EXPLANATIONS,
    MENDED,
    PUBLISHED,
    LastPixelConvolution,
    Peculiarities,
    PublishedNetwork,
    as_the_network_sees,
    interleave,
    one_mended,
    train,
)
from minigrad_course.studies.train import reference_network

GUESSING = 0.1  # ten classes, equally frequent


@pytest.fixture(scope="module")
def data():
    (x, y), (x_test, y_test) = mg.datasets.fashion_mnist.load_data()
    return (x[:60], y[:60]), (x_test[:1000], y_test[:1000])


def targets(labels):
    return np.eye(10, dtype=np.float32)[labels]


def test_every_peculiarity_is_explained():
    assert set(EXPLANATIONS) == {field.name for field in fields(Peculiarities)}


def test_published_network_is_a_hundred_times_smaller():
    published = PublishedNetwork(PUBLISHED).count_params()
    assert (published, reference_network().count_params() // published) == (7394, 101)


# With all switches off it is the reference network; with all on, Figure 4


def test_without_peculiarities_it_is_the_reference_network(data):
    (x, y), _ = data
    network = PublishedNetwork(MENDED, seed=3)
    model = reference_network()
    model.set_weights([variable.value for variable in network.weights])
    model.compile(mg.optimizers.SGD(0.01), "categorical_crossentropy")
    fit = {"batch_size": 1, "epochs": 3, "shuffle": False, "verbose": 0}
    history = model.fit(as_the_network_sees(x[:20], MENDED), targets(y[:20]), **fit)
    training = train(MENDED, x[:20], y[:20], epochs=3, network=network)
    assert training.losses == pytest.approx(history.history["loss"], rel=1e-4)
    pictures = as_the_network_sees(x, MENDED)
    assert np.array_equal(
        network.classify(pictures), model.predict(pictures, verbose=0).argmax(axis=1)
    )


@pytest.mark.parametrize("seed", range(4))
def test_loss_climbs_to_zero_from_below_and_nothing_is_learned(data, seed):
    (x, y), test = data
    training = train(PUBLISHED, x[:30], y[:30], epochs=40, seed=seed, test=test)
    assert -9 < training.losses[0] < -1  # the paper's curves start between −4.64 and −2.04
    assert np.all(np.diff(training.losses) > 0) and training.losses[-1] < 0
    assert training.accuracies[-1] <= 2 * GUESSING
    assert training.test_accuracy == pytest.approx(GUESSING, abs=0.05)


def test_mended_network_learns(data):
    (x, y), test = data
    training = train(MENDED, x, y, epochs=8, test=test)
    assert training.accuracies[-1] > 0.85
    assert training.test_accuracy > 5 * GUESSING


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_mending_one_alone_brings_no_learning(data, name):
    (x, y), test = data
    with np.errstate(over="ignore", invalid="ignore"):
        training = train(one_mended(name), x[:30], y[:30], epochs=8, test=test)
    assert training.test_accuracy < 2 * GUESSING


# Each peculiarity by itself


def test_interleaving_is_a_reshape_in_column_major_order():
    """Against NumPy's own column-major reshape of the array as Julia holds it."""
    pictures = np.random.default_rng(0).random((6, 28, 28, 1))
    as_julia_has_them = pictures[..., 0].transpose(2, 1, 0)  # (column, row, picture)
    reshaped = np.reshape(as_julia_has_them, (6, 1, 28, 28), order="F")
    # picture k, pixel at column a and row b of Julia's is ours at row b and column a
    assert np.array_equal(interleave(pictures)[..., 0], reshaped[:, 0].transpose(0, 2, 1))


def test_last_pixel_convolution_has_the_gradient_of_the_one_that_overwrites():
    generator = np.random.default_rng(1)
    pictures, kernel = generator.random((2, 6, 7, 3)), generator.random((2, 2, 3, 4))
    gradient = generator.random((2, 5, 6, 4))
    found = []
    for convolution in (LastPixelConvolution, ConvolutionThatOverwrites):
        node = convolution(mg.Variable(pictures), mg.Variable(kernel))
        node.value = node.forward(pictures, kernel)
        found.append(node.backward(gradient, pictures, kernel))
    for ours, theirs in zip(*found, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-12)


def test_one_number_moves_all_weights_of_the_kernel_alike(data):
    (x, y), _ = data
    switches = replace(PUBLISHED, last_pixel_only=False)
    network = PublishedNetwork(switches)
    before = network.weights[0].value.copy()
    network.step(as_the_network_sees(x, switches)[0], targets(y)[0])
    moved = (network.weights[0].value - before).ravel()
    assert np.all(moved == pytest.approx(moved[0], rel=1e-3)) and moved[0] != 0


@pytest.mark.parametrize(("flipped", "direction"), [(True, -1), (False, 1)])
def test_flipped_update_drives_the_true_score_down(data, flipped, direction):
    (x, y), _ = data
    switches = replace(PUBLISHED, flipped_update=flipped)
    network = PublishedNetwork(switches)
    picture, target = as_the_network_sees(x, switches)[0], targets(y)[0]
    score_before = -network.step(picture, target)
    score_after = -network.step(picture, target)
    assert np.sign(score_after - score_before) == direction


def test_flipping_does_not_matter_to_a_positive_loss(data):
    (x, y), _ = data
    one = train(MENDED, x[:10], y[:10], epochs=2)
    other = train(replace(MENDED, flipped_update=True), x[:10], y[:10], epochs=2)
    assert one == other


def test_pixels_divided_twice_are_255_times_smaller(data):
    (x, _), _ = data
    once = as_the_network_sees(x, MENDED)
    twice = as_the_network_sees(x, replace(MENDED, divided_twice=True))
    assert once.max() == 1 and np.allclose(twice * 255, once)


def test_its_gradients_are_right_where_no_peculiarity_says_otherwise(data):
    """The dense kernels of the published network, against central differences."""
    (x, y), _ = data
    network = PublishedNetwork(replace(PUBLISHED, divided_twice=False))
    network.picture.value = as_the_network_sees(x, network.switches)[:1]
    network.target.value = targets(y)[:1]
    mg.forward(network.order)
    mg.backward(network.order)
    output, row, h = network.weights[2], 4, 0.01
    wanted = []
    for column in range(10):
        sides = []
        for step in (h, -h):
            output._array[row, column] += step
            sides.append(float(mg.forward(network.order)))
            output._array[row, column] -= step
        wanted.append((sides[0] - sides[1]) / (2 * h))
    assert output.gradient[row] == pytest.approx(wanted, rel=1e-2, abs=1e-2)
