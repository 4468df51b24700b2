"""Nothing shares memory by accident: what is handed in is copied, what is handed out stays."""

import copy
import pickle

import numpy as np
import pytest
from sweeping import gradient, gradient_of, value

import minigrad as mg
from minigrad import dual


def test_the_path_of_a_descent_is_what_it_was():
    x = mg.Variable(5.0)
    order = mg.topological_sort(x * x)
    path = []
    for _ in range(4):
        mg.forward(order)
        mg.backward(order)
        path.append(x.value)
        x.value = x.value - 0.1 * x.gradient
    np.testing.assert_allclose(path, [5, 4, 3.2, 2.56])


def test_a_number_can_be_changed_by_subtracting():
    x = mg.Variable(5.0)
    x.value -= 1
    assert x.value == 4


def test_what_a_weight_was_can_be_kept():
    w = mg.Variable([1.0, 2.0])
    old = w.value
    mg.optimizers.SGD(0.5).apply([np.ones(2)], [w])
    assert (w.value - old).tolist() == [-0.5, -0.5]


@pytest.mark.parametrize("leaf", [mg.Variable, mg.Constant])
def test_a_value_cannot_be_written_into_behind_the_nodes_back(leaf):
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        x.value[0] = 5
    assert x.value.tolist() == [1, 2]


VIEWS = {
    "the leaf": lambda x: x,
    "reshaped": lambda x: x.reshape(3, 2),
    "transposed": lambda x: x.T,
    "a part": lambda x: x[:, 1:],
    "turned twice": lambda x: x.T.reshape(6)[::2],
    "with an axis more": lambda x: x[np.newaxis],
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("leaf", [mg.Variable, mg.Constant])
def test_a_result_stays_what_it_was(leaf, name):
    x = leaf(np.arange(6.0).reshape(2, 3))
    y = VIEWS[name](x)
    result = value(y)
    kept, before = y.value, result.copy()
    x.value = np.full((2, 3), 9.0)
    assert np.array_equal(result, before) and np.array_equal(kept, before)
    result[...] = 7  # it is the caller's own
    assert value(y).tolist() == np.full(y.shape, 9.0).tolist()


def test_a_constant_is_what_it_was_when_the_graph_was_built():
    buffer, x, terms = np.zeros(2), mg.Variable([1.0, 1.0]), []
    for i in range(3):
        buffer[:] = i
        terms.append(x * buffer)
    total = sum(terms).sum()
    assert value(total) == 6 and gradient_of(total, x).tolist() == [3, 3]


def test_what_is_handed_in_is_copied():
    array, index, mask, seed = (
        np.ones(3),
        np.array([0, 1]),
        np.array([True, False, True]),
        np.ones(2),
    )
    shape, axis = [3, 1], [0]
    x = mg.Variable(array)
    c = mg.Constant(array)
    picked, masked, tall, total = (
        x[index],
        x[mask],
        np.reshape(x, shape),
        np.sum(x, axis=tuple(axis)),
    )
    c.value = array
    order = mg.topological_sort(picked * masked)
    mg.forward(order)
    mg.backward(order, seed)
    start = order[-1].gradient
    array[:], index[:], mask[:], seed[:], shape[:], axis[:] = 5, 2, False, 8, [1, 3], [1]
    assert start.tolist() == [1, 1] and c.value.tolist() == x.value.tolist() == [1, 1, 1]
    x.value = [1.0, 2.0, 3.0]
    assert value(picked).tolist() == [1, 2] and value(masked).tolist() == [1, 3]
    assert value(tall).shape == (3, 1) and value(total) == 6


def test_an_operator_cannot_change_its_inputs():
    class Careless(mg.Operator):
        def infer(self, x):
            return x.shape, x.dtype

        def forward(self, x):
            x += 1
            return x

    for x in (mg.Variable([1.0]), mg.Variable([1.0]) * 2, mg.Constant([1.0])):
        with pytest.raises(ValueError, match="read-only"):
            value(Careless(x))


def test_an_operator_cannot_change_the_gradient_of_another():
    class Careless(mg.Operator):
        def forward(self, x):
            return x * 2

        def backward(self, g, x):
            g *= 2
            return g

    with pytest.raises(ValueError, match="read-only"):
        gradient(lambda x: Careless(x) + x, [1.0, 2.0])


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_of_a_variable_is_another_variable(copied):
    x = mg.Variable([1.0, 2.0])
    for _ in range(3):
        x.value = x.value + 1
    other = copied(x)
    assert gradient_of((other * other).sum(), other).tolist() == [8, 10]
    other.value = [7.0, 8.0]
    assert x.value.tolist() == [4, 5] and other != x


def test_a_graph_can_be_copied_unless_it_is_long():
    x = mg.Variable(2.0)
    result = copy.deepcopy(np.exp(x * x))
    (other,) = (n for n in mg.topological_sort(result) if isinstance(n, mg.Variable))
    assert gradient_of(result, other) == pytest.approx(4 * np.exp(4)) and x.gradient is None
    for _ in range(2000):
        x = x + 1
    with pytest.raises(RecursionError):  # documented at Node
        copy.deepcopy(x)


def test_a_dual_has_its_own_copy():
    array, direction = np.ones(2), np.ones(2)
    x = dual.Dual(array, direction)
    array[:], direction[:] = 5, 7
    assert (x.value.tolist(), x.derivative.tolist()) == ([1, 1], [1, 1])
    here = np.array([1.0, 2.0])
    result, _ = dual.jvp(lambda x: x, here, [1.0, 0.0])
    result[0] = 9
    assert here.tolist() == [1, 2]
