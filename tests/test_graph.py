"""The graph: order, sweeps, broadcasting, what NumPy's protocols build, and two old traps."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import minigrad as mg
from minigrad import graph
from minigrad.gradcheck import check_gradient


def gradients(result, *variables, gradient=None):
    order = mg.topological_sort(result)
    mg.forward(order)
    mg.backward(order, gradient)
    return [variable.gradient for variable in variables]


# -- the order ---------------------------------------------------------------------------


@st.composite
def random_graphs(draw):
    nodes = [mg.Variable(1.0) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(0, 15))):
        nodes.append(draw(st.sampled_from(nodes)) + draw(st.sampled_from(nodes)))
    return nodes


@given(nodes=random_graphs())
def test_every_node_comes_once_and_after_its_inputs(nodes):
    order = mg.topological_sort(nodes[-1])
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) and order[-1] is nodes[-1]
    assert all(place[source] < place[node] for node in order for source in node.inputs)


@given(nodes=random_graphs())
def test_the_gradient_counts_the_paths(nodes):
    # with additions alone, the derivative is the number of paths from result to variable
    paths = dict.fromkeys(nodes, 0) | {nodes[-1]: 1}
    for node in reversed(nodes):
        for source in node.inputs:
            paths[source] += paths[node]
    order = mg.topological_sort(nodes[-1])
    mg.forward(order)
    mg.backward(order)
    assert all(v.gradient == paths[v] for v in order if isinstance(v, mg.Variable))


def test_a_chain_of_100_000_nodes_works():
    x = y = mg.Variable(0.5)
    for _ in range(100_000):
        y = y + 1.0
    order = mg.topological_sort(y)
    assert sum(isinstance(node, mg.Operator) for node in order) == 100_000
    assert mg.forward(order) == 100_000.5
    mg.backward(order)
    assert x.gradient == 1.0


def test_a_cycle_is_refused():
    x = mg.Variable(1.0, name="x")
    y = x + 1
    z = y * 2
    y.inputs = (z, x)
    with pytest.raises(ValueError, match="depends on itself"):
        mg.topological_sort(z)


def test_two_results_share_one_order():
    x = mg.Variable(2.0)
    square = x * x
    one, other = square + 1, square - 1
    order = mg.topological_sort(one, other)
    assert len(order) == len(set(order)) and order[-1] is other
    assert mg.forward(order) == 3 and one.value == 5


# -- the sweeps --------------------------------------------------------------------------


def test_the_papers_example():
    x = mg.Variable(5.0, name="x")
    y = np.sin(x * x)
    order = mg.topological_sort(y)
    assert y.value is None  # nothing is computed while the graph is built
    assert mg.forward(order) == np.sin(25.0)
    mg.backward(order)
    assert x.gradient == 10 * np.cos(25.0)


def test_a_second_sweep_starts_afresh():
    x = mg.Variable(3.0)
    order = mg.topological_sort(x * x)
    for _ in range(2):
        mg.forward(order)
        mg.backward(order)
        assert x.gradient == 6.0


def test_a_gradient_can_be_given_to_start_from():
    x = mg.Variable([1.0, 2.0])
    assert gradients(x * x, x, gradient=[1.0, 10.0])[0].tolist() == [2, 40]


def test_a_variable_that_is_not_reached_has_gradient_zero():
    x, y = mg.Variable([1.0, 2.0]), mg.Variable(1.0)
    result = np.where(np.array([True, True]), y, x).sum() + 0 * (x > 0).sum()
    assert gradients(result, x)[0].tolist() == [0, 0]


def test_what_a_user_does_to_a_gradient_stays_there():
    x, y = mg.Variable([1.0, 2.0]), mg.Variable([3.0, 4.0])
    z = x + y
    gx, gy = gradients(z.sum(), x, y)
    gx *= 0
    assert gy.tolist() == [1, 1] and z.gradient.tolist() == [1, 1]


def test_a_constant_receives_no_gradient():
    x, c = mg.Variable(2.0), mg.Constant(3.0)
    gradients(x * c, x)
    assert x.gradient == 3.0 and c.gradient is None


def test_sweeps_refuse_what_does_not_fit():
    x = mg.Variable([1.0, 2.0], name="x")
    y = x * x
    order = mg.topological_sort(y)
    with pytest.raises(ValueError, match=r"call mg\.forward"):
        mg.backward(order)
    mg.forward(order)
    with pytest.raises(ValueError, match=r"shape \(2,\): a gradient starts at a scalar"):
        mg.backward(order)
    with pytest.raises(ValueError, match=r"shape \(3,\), wanted \(2,\)"):
        mg.backward(order, np.ones(3))


class Clumsy(mg.Operator):
    """x, with a backward step that returns whatever it is told to."""

    def __init__(self, x, *rest, returns):
        self.returns = returns
        super().__init__(x, *rest)

    def forward(self, x, *rest):
        return x

    def backward(self, g, *values):
        return self.returns


@pytest.mark.parametrize(
    "returns, message",
    [
        ((1.0, 1.0), "returned 2 gradients for 1 inputs"),
        (np.ones(3), r"gradient of shape \(3,\) for an input of shape \(2,\)"),
        (np.ones((2, 3)), r"gradient of shape \(2, 3\) for an input of shape \(2,\)"),
    ],
)
def test_an_operators_wrong_backward_is_named(returns, message):
    x = mg.Variable([1.0, 2.0])
    order = mg.topological_sort(Clumsy(x, returns=returns))
    mg.forward(order)
    with pytest.raises(ValueError, match=f"Clumsy: backward.*{message}"):
        mg.backward(order, np.ones(2))


def test_an_operators_wrong_forward_is_named():
    class Grows(mg.Operator):
        def forward(self, x):
            return np.ones(3)

        def infer(self, x):
            return (2,), np.dtype(float)

    with pytest.raises(ValueError, match=r"Grows: forward returned shape \(3,\), wanted \(2,\)"):
        mg.forward(mg.topological_sort(Grows(1.0)))


# -- broadcasting ------------------------------------------------------------------------


@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_unbroadcasting_is_the_transpose_of_broadcasting(shapes):
    # <broadcast(x), g> = <x, unbroadcast(g)> for all x and g: the definition of a transpose
    generator = np.random.default_rng(0)
    for shape in shapes.input_shapes:
        x, g = generator.normal(size=shape), generator.normal(size=shapes.result_shape)
        back = mg.unbroadcast(g, shape)
        assert np.shape(back) == shape
        left, right = np.sum(np.broadcast_to(x, g.shape) * g), np.sum(x * back)
        assert left == pytest.approx(right, rel=1e-10, abs=1e-10)


def test_an_axis_of_length_zero_is_no_obstacle():
    x = mg.Variable(np.ones((1, 3)))
    result = (x * np.ones((0, 3))).sum()
    assert gradients(result, x)[0].tolist() == [[0, 0, 0]]


def test_half_a_million_numbers_of_single_precision_are_added_up_to_all_their_digits():
    pictures = np.random.default_rng(0).uniform(99, 101, (8, 256, 256, 3)).astype(np.float32)
    x, bias = mg.Variable(pictures), mg.Variable(np.zeros(3, np.float32))
    for reduce in (np.sum, np.mean):
        wanted = reduce(pictures, axis=(0, 1, 2), dtype=float)
        found = mg.forward(mg.topological_sort(reduce(x, axis=(0, 1, 2))))
        np.testing.assert_allclose(found, wanted, rtol=2e-7)
        assert found.dtype == np.float32
    order = mg.topological_sort(x + bias)
    mg.forward(order)
    mg.backward(order, pictures)
    np.testing.assert_allclose(bias.gradient, pictures.sum((0, 1, 2), dtype=float), rtol=2e-7)


def test_the_product_of_gradients_is_that_of_their_elements_whatever_an_operator_returns():
    class Squared(mg.Operator):
        def forward(self, x):
            return np.asmatrix(x).A ** 2

        def backward(self, g, x):
            return np.asmatrix(2 * np.asarray(g) * x)  # of which * is the product of matrices

    x, w = mg.Variable([[1.0, 2.0], [3.0, 4.0]]), mg.Constant([[1.0, 5.0], [0.5, 2.0]])
    found = gradients(np.sum(Squared(x * w)), x)[0]
    np.testing.assert_array_equal(found, 2 * x.value * w.value**2)


# -- NumPy's protocols -------------------------------------------------------------------


def test_python_operators_and_numpy_functions_build_the_same_graph():
    x = mg.Variable(2.0)
    pairs = [
        (x + 1, np.add(x, 1)), (1 - x, np.subtract(1, x)), (x * 3, np.multiply(x, 3)),
        (3 / x, np.true_divide(3, x)), (x**2, np.power(x, 2)), (2**x, np.power(2, x)),
        (-x, np.negative(x)), (abs(x), np.abs(x)), (x > 1, np.greater(x, 1)),
    ]  # fmt: skip
    for ours, numpys in pairs:
        assert type(ours) is type(numpys)
        assert mg.forward(mg.topological_sort(ours)) == mg.forward(mg.topological_sort(numpys))


def test_an_array_on_the_left_builds_a_node_and_no_array_of_nodes():
    x = mg.Variable([1.0, 2.0])
    for node in (np.ones(2) + x, np.ones((3, 2)) @ x, np.float64(2) * x, np.ones(2) < x):
        assert isinstance(node, mg.Operator)


def test_a_python_number_leaves_float32_alone():
    x = mg.Variable(np.ones(3, np.float32))
    results = [
        2 * x, x + 1.5, x - True, 1 / x, x**2, 2.0**x, np.maximum(x, 0), np.where(x > 0, x, 0.0),
        x.mean(), x.sum(axis=0), mg.activations.relu(x), mg.activations.elu(x),
        mg.activations.sigmoid(x), mg.activations.softmax(x),
    ]  # fmt: skip
    for result in results:
        order = mg.topological_sort(result)
        value = mg.forward(order)
        mg.backward(order, np.ones(result.shape))
        assert result.dtype == value.dtype == x.gradient.dtype == np.float32, result
        assert all(n.gradient is None or n.gradient.dtype == np.float32 for n in order), result


def test_numpy_numbers_and_arrays_are_as_strong_as_in_numpy():
    x = mg.Variable(np.ones(3, np.float32))
    assert (x * np.float64(2)).dtype == (np.ones(3, np.float32) * np.float64(2)).dtype
    assert (x * np.ones(3)).dtype == np.float64


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda x: np.arctan(x), r"np\.arctan"),
        (lambda x: np.add.reduce(x), r"np\.add\.reduce"),
        (lambda x: np.median(x), r"np\.median"),
        (lambda x: np.linalg.norm(x), r"np\.norm|np\.linalg\.norm"),
        (lambda x: x // 2, r"np\.floor_divide"),
        (lambda x: x % 2, r"np\.remainder"),
    ],
)
def test_what_the_graph_does_not_cover_is_named(call, name):
    with pytest.raises(TypeError, match=name):
        call(mg.Variable([1.0, 2.0]))


def test_the_error_lists_what_is_covered():
    with pytest.raises(TypeError, match=r"not covered by the graph.*exp.*sin.*@mg\.implements"):
        np.arctan(mg.Variable(1.0))


def test_an_option_that_is_not_covered_is_named():
    x = mg.Variable([1.0, 2.0])
    with pytest.raises(TypeError, match="out="):
        np.exp(x, out=np.zeros(2))
    with pytest.raises(TypeError, match="initial"):
        np.sum(x, initial=3.0)


def test_a_node_is_no_number():
    x = mg.Variable(1.0, name="x")
    with pytest.raises(TypeError, match="no truth value"):
        _ = 1 if x > 0 else 2
    with pytest.raises(TypeError, match="is a node, not a number"):
        float(x)
    with pytest.raises(TypeError, match="cannot become an array"):
        np.asarray(x)
    with pytest.raises(TypeError, match="real numbers, got dtype"):
        mg.Variable("one")
    with pytest.raises(TypeError, match="wants a number or an array"):
        mg.Constant(x)


def test_a_function_can_be_taught_to_the_graph():
    class Arctan(mg.Operator):
        def forward(self, x):
            return np.arctan(x)

        def backward(self, g, x):
            return g / (1 + x * x)

    try:
        assert mg.implements(np.arctan)(Arctan) is Arctan
        check_gradient(np.arctan, np.linspace(-1, 1, 5)).raise_if_wrong()
    finally:
        del graph.NUMPY_FUNCTIONS[np.arctan]


# -- values of leaves --------------------------------------------------------------------


def test_a_variable_has_its_own_copy_and_converts_whole_numbers():
    array = np.array([1.0, 2.0])
    variable = mg.Variable(array)
    array[0] = 5
    assert variable.value.tolist() == [1, 2]
    assert mg.Variable(3).dtype == np.float64 and mg.Constant(3).dtype.kind == "i"


def test_feeding_a_graph_with_other_data():
    c = mg.Constant(np.zeros(2), name="data")
    order = mg.topological_sort(np.exp(c))
    assert mg.forward(order).tolist() == [1, 1]
    c.value = [1.0, 1.0]
    assert mg.forward(order).tolist() == [np.e, np.e]
    with pytest.raises(ValueError, match=r'Constant "data" .*\(2,\), got \(3,\)'):
        c.value = np.zeros(3)


# -- the two traps -----------------------------------------------------------------------
# Each test states what must hold, then puts the mistake back and sees it go wrong.


def sum_and_squares():
    """L = Σ(a + b) + Σa², with an order in which the addition is processed first."""
    a, b = mg.Variable([1.0, 2.0]), mg.Variable([3.0, 4.0])
    together = a + b
    squares = (a * a).sum()
    order = mg.topological_sort(squares + together.sum())
    # the backward sweep runs in reverse: what stands later in the order comes first
    assert order.index(together) > order.index(squares)
    mg.forward(order)
    mg.backward(order)
    return a.gradient.tolist(), b.gradient.tolist()


def test_gradients_of_a_shared_node_add_up_without_aliasing():
    assert sum_and_squares() == ([3, 5], [1, 1])


def test_adding_in_place_to_a_shared_gradient_goes_wrong(monkeypatch):
    def accumulate_in_place(node, gradient):
        if node.gradient is None:
            node.gradient = np.array(gradient) if not np.ndim(gradient) else gradient
        else:
            node.gradient += gradient

    class WritableSum(type(mg.Variable([1.0]).sum())):
        def backward(self, g, x):
            return np.array(super().backward(g, x))

    monkeypatch.setattr(graph.sweeps, "accumulate", accumulate_in_place)
    monkeypatch.setattr(graph.sweeps, "locked", lambda array: array)  # which would refuse it
    monkeypatch.setitem(graph.NUMPY_FUNCTIONS, np.sum, WritableSum)
    of_a, of_b = sum_and_squares()
    assert of_a == [3, 5] and of_b == of_a  # dL/db comes out as dL/da


def peak_of_a_backward_sweep():
    """Bytes that an elementwise product of 5,832 numbers needs at most, backward."""
    x, y = mg.Variable(np.ones(5832)), mg.Variable(np.ones(5832))
    order = mg.topological_sort((x * y).sum())
    mg.forward(order)
    tracemalloc.start()
    try:
        mg.backward(order)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


ONE_ARRAY = 5832 * 8  # bytes; the Jacobian of one product has 5832 of them, 272 MB


def test_an_elementwise_product_needs_arrays_and_no_jacobian():
    assert peak_of_a_backward_sweep() < 10 * ONE_ARRAY


def test_a_diagonal_jacobian_is_seen_by_the_measurement(monkeypatch):
    multiply = graph.NUMPY_FUNCTIONS[np.multiply]

    def backward_with_a_jacobian(self, g, x, y):
        return np.diag(y) @ g, g * x

    monkeypatch.setattr(multiply, "backward", backward_with_a_jacobian)
    assert peak_of_a_backward_sweep() > 5000 * ONE_ARRAY


def test_a_variable_s_memory_is_its_own_and_begins_with_a_cache_line():
    theirs = np.arange(6.0).reshape(2, 3)
    for value in (theirs, theirs[:, ::2], 5.0, np.float32(2)):
        variable = mg.Variable(value)
        assert variable._array.ctypes.data % 64 == 0
        np.testing.assert_array_equal(variable._array, value)
        assert variable._array.dtype == np.asarray(value).dtype
        assert not np.shares_memory(variable._array, theirs)


def test_a_node_in_a_text():
    x = mg.Variable(2.0, name="x")
    half = x / 4
    mg.forward(mg.topological_sort(half))
    assert f"{half:.2f}" == "0.50" and f"{x}" == repr(x)
