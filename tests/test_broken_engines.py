"""Each broken engine is right on an innocent input and caught on another.

The judges are central differences, worked out here, and the library's own gradient check
with the broken sweep put in the true one's place.
"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import gradcheck
from minigrad_course.lessons import broken


def product(a, b):
    """No node is used twice, no shape is stretched: nothing to go wrong."""
    return (a * b).sum()


def square(a):
    return (a * a).sum()


def doubled_twice(a):
    b = a + a
    return (b + b).sum()


def sum_and_square(a, b):
    return (a * a).sum() + (a + b).sum()


def ways_of_unequal_length(a):
    b = a * a
    return (b + np.sin(b)).sum()


def bias(a, b):
    return (a + b).sum()


A, B = np.array([1.0, -2.0]), np.array([3.0, 0.5])
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

# The smallest graph that exposes each engine, and one on which it looks right.
EXPOSED_BY = {
    "backward_by_recursion": (doubled_twice, (A,), square, (A,)),
    "backward_that_visits_once": (ways_of_unequal_length, (A,), doubled_twice, (A,)),
    "backward_that_overwrites": (square, (A,), product, (A, B)),
    "backward_in_place": (sum_and_square, (A, B), square, (A,)),
    "backward_without_unbroadcast": (bias, (ROWS, B), bias, (A, B)),
}


def gradients(engine, function, values):
    variables = [mg.Variable(value) for value in values]
    order = mg.topological_sort(function(*variables))
    mg.forward(order)
    engine(order)
    return [variable.gradient for variable in variables]


def central_differences(function, values, h=1e-6):
    """The same gradients from values alone, by a loop over the elements."""
    found = []
    for k, value in enumerate(values):
        gradient = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            ends = []
            for step in (h, -h):
                moved = [v.copy() for v in values]
                moved[k][index] += step
                ends.append(function(*moved))
            gradient[index] = (ends[0] - ends[1]) / (2 * h)
        found.append(gradient)
    return found


def agree(got, wanted):
    return all(
        np.shape(g) == np.shape(w) and np.allclose(g, w, atol=1e-6)
        for g, w in zip(got, wanted, strict=True)
    )


def test_who_remembers_whom_it_visited_passes_the_graphs_that_expose_the_others():
    """So the lecture needs one with ways of unequal length."""
    engine = broken.backward_that_visits_once
    for function, values in ((doubled_twice, (A,)), (sum_and_square, (A, B)), (square, (A,))):
        assert agree(gradients(engine, function, values), central_differences(function, values))


def test_what_accumulates_is_right_once_and_twice_as_large_the_second_time():
    a = mg.Variable(A)
    order = mg.topological_sort(square(a))
    mg.forward(order)
    (truth,) = central_differences(square, (A,))
    for times in (1, 2, 3):
        broken.backward_that_accumulates(order)
        np.testing.assert_allclose(a.gradient, times * truth, atol=1e-6)


def test_every_engine_has_its_graphs():
    assert set(EXPOSED_BY) == set(broken.ENGINES)


@pytest.mark.parametrize("name", broken.ENGINES)
def test_the_exposing_graph_tells_the_broken_engine_from_the_true_one(name):
    function, values, _, _ = EXPOSED_BY[name]
    truth = central_differences(function, values)
    assert agree(gradients(mg.backward, function, values), truth)
    assert not agree(gradients(broken.ENGINES[name], function, values), truth)


@pytest.mark.parametrize("name", broken.ENGINES)
def test_the_innocent_graph_does_not(name):
    _, _, function, values = EXPOSED_BY[name]
    truth = central_differences(function, values)
    assert agree(gradients(broken.ENGINES[name], function, values), truth)
    assert agree(
        gradients(broken.ENGINES[name], product, (A, B)), central_differences(product, (A, B))
    )


@pytest.mark.parametrize("name", broken.ENGINES)
def test_the_lecture_s_judge_says_so_too(name):
    function, values, innocent, harmless = EXPOSED_BY[name]
    engine = broken.ENGINES[name]
    assert broken.disagreement(engine, function(*map(mg.Variable, values))) != ""
    assert broken.disagreement(engine, innocent(*map(mg.Variable, harmless))) == ""
    assert broken.disagreement(mg.backward, function(*map(mg.Variable, values))) == ""


@pytest.mark.parametrize("name", broken.ENGINES)
def test_the_library_s_gradient_check_catches_it(name, monkeypatch):
    function, values, innocent, harmless = EXPOSED_BY[name]
    assert gradcheck.check_gradient(function, *values).ok
    monkeypatch.setattr(gradcheck.check, "backward", broken.ENGINES[name])
    assert gradcheck.check_gradient(innocent, *harmless).ok
    try:
        caught = not gradcheck.check_gradient(function, *values).ok
    except (ValueError, IndexError, TypeError):  # a gradient of another shape cannot be compared
        caught = True
    assert caught


def test_the_recursion_counts_paths_in_place_of_sums():
    (gradient,) = gradients(broken.backward_by_recursion, doubled_twice, (A,))
    assert gradient.tolist() == [6.0, 6.0]  # 2 + 4: the first part is handed on twice


def test_the_judge_leaves_the_variables_as_they_were():
    a = mg.Variable(A)
    broken.disagreement(mg.backward, square(a))
    assert a.value.tolist() == A.tolist()


def test_the_judge_refuses_a_graph_that_it_cannot_judge():
    with pytest.raises(ValueError, match="scalar"):
        broken.disagreement(mg.backward, mg.Variable(A) * 2.0)
    with pytest.raises(ValueError, match="variable"):
        broken.disagreement(mg.backward, mg.as_node(1.0) + 1.0)


# -- the convolution whose kernel gradient is overwritten ------------------------------------
def convolution(kind):
    def function(images, kernel):
        weights = np.random.default_rng(3).normal(size=kind(images, kernel).shape)
        return (kind(images, kernel) * weights).sum()

    return function


@pytest.mark.parametrize("height", [3, 5])
def test_the_overwriting_convolution_is_right_for_one_position_only(height):
    random = np.random.default_rng(0)
    images, kernel = random.normal(size=(2, height, 3, 2)), random.normal(size=(3, 3, 2, 4))
    assert gradcheck.check_gradient(convolution(mg.operators.Convolve), images, kernel).ok
    judged = gradcheck.check_gradient(convolution(broken.ConvolutionThatOverwrites), images, kernel)
    assert judged.ok == (height == 3)
    assert {mistake.name for mistake in judged.mistakes} <= {"kernel"}


# -- the loss with the flipped sign ----------------------------------------------------------
def cross_entropy(targets, scores):
    """−Σ t·log softmax(z), averaged over the batch, in NumPy alone."""
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return float(-(targets * np.log(probabilities)).sum(axis=1).mean())


def descend(loss_of, targets, scores):
    """The probability of the true class after a step against the gradient."""
    z = mg.Variable(scores)
    order = mg.topological_sort(loss_of(targets, z))
    mg.forward(order)
    mg.backward(order)
    return np.exp(-cross_entropy(targets, z.value - 0.1 * z.gradient))


def true_loss(targets, scores):
    return -broken.cross_entropy_with_flipped_sign(targets, scores)


def test_the_flipped_loss_passes_a_gradient_check_and_teaches_the_wrong_way():
    targets, scores = np.array([[0.0, 1.0, 0.0]]), np.array([[0.3, -0.2, 0.1]])
    loss = broken.cross_entropy_with_flipped_sign

    def of_scores(scores):
        return loss(targets, scores)

    assert gradcheck.check_gradient(of_scores, scores).ok  # so this check is not enough
    value = float(mg.forward(mg.topological_sort(loss(targets, mg.Variable(scores)))))
    assert value == pytest.approx(-cross_entropy(targets, scores)) and value < 0
    before = np.exp(-cross_entropy(targets, scores))
    assert descend(loss, targets, scores) < before < descend(true_loss, targets, scores)


def test_the_flipped_loss_looks_right_where_the_model_is_certain():
    targets, scores = np.array([[0.0, 1.0]]), np.array([[-40.0, 40.0]])
    loss = broken.cross_entropy_with_flipped_sign(targets, mg.Variable(scores))
    assert float(mg.forward(mg.topological_sort(loss))) == pytest.approx(0.0, abs=1e-12)


def test_an_engine_that_stumbles_over_a_shape_is_caught_as_well():
    row = mg.Variable(np.ones((1, 3)))
    result = ((np.ones((3, 1)) * (row @ np.eye(3))) @ np.ones((3, 2))).sum()
    assert broken.disagreement(mg.backward, result) == ""
    assert broken.disagreement(broken.backward_without_unbroadcast, result) != ""
