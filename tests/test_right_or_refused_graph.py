"""Right, or refused: what people do to nodes, dual numbers and formulas gives no wrong number.

Each right value is NumPy's, a difference quotient's, mpmath's or worked out by hand. What is not
meant is refused by name.
"""

import copy
import inspect
import itertools
import operator
import pickle
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import activations, dual, graph, symbolic
from minigrad.gradcheck import check_gradient, finite_difference
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy
from minigrad.symbolic import Symbol, differentiate, evaluate, latex, simplify


def value(node):
    return mg.forward(mg.topological_sort(node))


def gradient(f, *at):
    variables = [mg.Variable(x) for x in at]
    order = mg.topological_sort(np.sum(f(*variables)))
    mg.forward(order)
    mg.backward(order)
    return [v.gradient for v in variables] if len(at) > 1 else variables[0].gradient


# -- a truth value has no gradient, a whole number neither ---------------------------------------

TRUTH = {
    "ReLU": lambda z: z * (z > 0),
    "the mask first": lambda z: (z > 0) * z,
    "leaky ReLU": lambda z: z * (z > 0) + 0.1 * z * (z <= 0),
    "small errors count nothing": lambda z: abs(z) * (abs(z) > 0.3),
    "the share of positive ones": lambda z: z * np.mean(z > 0),
    "the number of positive ones": lambda z: z * np.sum(z > 0, axis=0),
    "any positive one": lambda z: z * np.max(z >= 0),
    "a sum": lambda z: z + (z > 0) - (z == 0.5),
    "a quotient": lambda z: z / (1 + (z > 0)),
    "a power": lambda z: abs(z) ** (2 * (z > 0)),
    "a product of matrices": lambda z: np.matmul(z, np.reshape(z > 0, (3, 2))),
    "a branch": lambda z: np.where(z > 0, z > -1, z),
    "the larger": lambda z: np.maximum(z, z > 5),
    "picked": lambda z: z[0] * (z > 0)[1],
    "turned": lambda z: z * np.transpose(np.transpose(z != 0.7)),
}
Z = np.array([[-1.5, -0.2, 0.6], [1.1, -0.7, 0.4]])


@pytest.mark.parametrize("name", TRUTH)
def test_truth_values_count_as_numbers_and_pass_no_gradient_on(name):
    f = TRUTH[name]
    np.testing.assert_allclose(value(f(mg.Variable(Z))), f(Z))
    check_gradient(f, Z).raise_if_wrong()
    order = mg.topological_sort(f(mg.Variable(Z)))
    assert all(n.dtype.kind == "f" or not n.needs_gradient for n in order)


@pytest.mark.parametrize("name", ["ReLU", "the mask first", "leaky ReLU", "a sum", "a quotient"])
def test_a_plan_trains_through_truth_values_as_the_graph_does(name):
    losses = []
    for eager in (True, False):
        model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(3, TRUTH[name]), mg.layers.Dense(2)])
        rng = np.random.default_rng(0)
        model.set_weights([rng.normal(size=w.shape) for w in model.weights])
        model.compile(mg.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        x, y = rng.normal(size=(8, 2)), rng.normal(size=(8, 2))
        losses.append(
            model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
        )
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


@pytest.mark.parametrize("result", [lambda x: x > 0, lambda x: np.sum(x > 0)])
def test_what_is_no_floating_point_number_cannot_be_differentiated(result):
    order = mg.topological_sort(result(mg.Variable(1.0)))
    mg.forward(order)
    with pytest.raises(ValueError, match="which has no gradient"):
        mg.backward(order)


@pytest.mark.parametrize("dtype", [int, "uint8", bool, complex])
def test_a_variable_is_of_floating_point_numbers(dtype):
    with pytest.raises(TypeError, match="floating-point dtype, got"):
        mg.Variable(3, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_each_floating_point_dtype_is_kept(dtype):
    x = mg.Variable([1.0, 2.0], dtype=dtype)
    order = mg.topological_sort(np.sum(x * 0.5 + np.maximum(x, 1.5)))
    assert mg.forward(order).dtype == dtype
    mg.backward(order)
    assert x.gradient.dtype == dtype and x.gradient.tolist() == [0.5, 1.5]


def test_whole_numbers_become_float64_in_a_variable():
    assert gradient(lambda v: v * 0.5, 3) == 0.5
    assert gradient(lambda v: v * 0.5, True) == 0.5


BYTES, SINGLES = np.array([1, 2], np.uint8), np.array([1, 2], np.float32)
MISFITS = [
    (mg.Constant([1, 2]), [0.5, 1.0], ValueError, "cannot hold 0.5"),
    (mg.Constant([1, 2]), [1.0, np.nan], ValueError, "cannot hold nan"),
    (mg.Constant(BYTES), [-1, 30], ValueError, "uint8, which cannot hold -1"),
    (mg.Constant(BYTES), [1, 300], ValueError, "uint8, which cannot hold 300"),
    (mg.Constant([True, False]), [1, 2], ValueError, "bool, which cannot hold 2"),
    (mg.Constant(SINGLES), [1e300, 1.0], ValueError, "float32, which cannot hold 1e"),
    (mg.Variable(SINGLES), [1e300, 1.0], ValueError, "float32, which cannot hold 1e"),
    (mg.Variable(SINGLES), np.array([1, 2], complex), TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), ["3", "4"], TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), None, TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), [None, 1.0], TypeError, "real numbers"),
    (mg.Variable([1.0, 2.0]), [1.0, 2.0, 3.0], ValueError, r"shape \(2,\), got \(3,\)"),
    (mg.Variable([1.0, 2.0]), mg.Constant([1.0, 2.0]), TypeError, "got Constant"),
]


@pytest.mark.parametrize("node, given, error, message", MISFITS)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(node, given, error, message):
    before = node.value
    with pytest.raises(error, match=message):
        node.value = given
    assert np.array_equal(node.value, before)


def test_what_fits_is_taken_whatever_its_dtype():
    whole, single = mg.Constant([1, 2]), mg.Variable(SINGLES)
    whole.value, single.value = [3.0, 4.0], [0.1, np.inf]
    assert whole.value.tolist() == [3, 4] and whole.dtype.kind == "i"
    assert single.value.tolist() == [np.float32(0.1), np.inf]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "bool"])
@pytest.mark.parametrize("name", ["elu", "sigmoid", "softmax", "log_softmax"])
def test_activations_of_whole_numbers_are_those_of_floats(name, dtype):
    numbers = np.array([0, 1, 100], dtype)
    f = getattr(activations, name)
    np.testing.assert_array_equal(f(numbers), f(numbers.astype(float)))
    np.testing.assert_array_equal(value(f(mg.Constant(numbers))), f(numbers.astype(float)))


def test_cross_entropies_of_whole_numbers_are_those_of_floats():
    scores, labels = np.array([[0, 3, 200]], np.uint8), np.array([1], np.uint8)
    for loss, targets in (
        (SoftmaxCrossEntropy, [[0, 1, 0]]),
        (SparseSoftmaxCrossEntropy, labels),
    ):
        assert value(loss(scores, targets)) == value(loss(scores.astype(float), targets)) == 197


def test_pooling_of_whole_numbers_is_that_of_floats():
    images = np.arange(16, dtype=np.int8).reshape(1, 4, 4, 1) - 10
    for pool in (mg.operators.MaxPool, mg.operators.AveragePool):
        pooled = value(pool(images, 3, 2, "same"))
        assert pooled.dtype == float
        assert np.array_equal(pooled, value(pool(images.astype(float), 3, 2, "same")))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: mg.operators.Dropout(x, 1.5, np.random.default_rng()),
        lambda x: mg.operators.Dropout(x, np.nan, np.random.default_rng()),
        lambda x: mg.operators.Rescale(x, np.inf),
        lambda x: activations.elu(x, np.nan),
        lambda x: activations.elu(x, "1"),
        lambda x: SparseSoftmaxCrossEntropy(np.zeros((2, 3)), [0, 3]),
        lambda x: SparseSoftmaxCrossEntropy(np.zeros((2, 3)), [-1, 0]),
        lambda x: mg.operators.Rescale(x, 1.0, np.nan),
        lambda x: mg.operators.Rescale(x, 0.5, dtype=int),
        lambda x: mg.operators.MaxPool(x, padding=None),
        lambda x: mg.operators.Softmax(x, axis=7),
        lambda x: mg.operators.Softmax(x, axis="rows"),
        lambda x: np.sum(x, axis=0.5),
        lambda x: np.sum(x, axis=(0, 0)),
        lambda x: np.transpose(x, (0, 1)),
        lambda x: np.transpose(x, "axes"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_when_the_graph_is_built(wrong):
    with pytest.raises(
        ValueError, match=r"^(Dropout|Rescale|Elu|Sparse\w+|MaxPool|Softmax|Sum|Transpose): "
    ):
        wrong(mg.Variable(np.ones((1, 4, 4, 1))))


def test_masked_elements_are_not_taken_for_numbers():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for attempt in (mg.Variable, mg.Constant, lambda m: mg.Variable([1.0, 2.0]) * m):
        with pytest.raises(TypeError, match="masked"):
            attempt(masked)


# -- equality is NumPy's ------------------------------------------------------------------------

X, Y = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 3.0])
EQUAL = {
    "a number": lambda x, y: np.where(x == 0, 100.0, x),
    "not a number": lambda x, y: np.where(x != 0, x * 2, 1.0),
    "a number on the left": lambda x, y: np.where(3 == x, 7.0, y),
    "a number of NumPy's": lambda x, y: np.where(np.float64(3) == x, 7.0, y),
    "an array": lambda x, y: np.where(np.array([0.0, 1.0, 2.0]) != x, y, x * x),
    "the other": lambda x, y: np.where(x == y, x * y, x - y),
    "not the other": lambda x, y: np.where(x != y, x * y, x - y),
    "as a number": lambda x, y: (x == y) * x + (x == 1) * y,
    "NumPy's functions": lambda x, y: np.where(np.equal(x, y), 1.0, np.not_equal(x, 1) * y),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equality_of_nodes_is_numpys(name):
    f = EQUAL[name]
    nodes = mg.Variable(X), mg.Variable(Y)
    assert value(f(*nodes)).tolist() == f(X, Y).tolist()
    assert f(dual.Dual(X), dual.Dual(Y)).value.tolist() == f(X, Y).tolist()
    if name != "an array":
        x, y = Symbol("x"), Symbol("y")
        assert evaluate(f(x, y), x=X, y=Y).tolist() == f(X, Y).tolist()
        assert evaluate(simplify(f(x, y)), x=X, y=Y).tolist() == f(X, Y).tolist()


def test_not_a_number_differs_from_itself():
    x = mg.Variable([1.0, np.nan])
    assert value(np.where(x != x, 0.0, x)).tolist() == [1, 0]
    assert value(np.where(x == x, x, 5.0)).tolist() == [1, 5]


def test_sinc_has_its_value_at_zero():
    def sinc(x):
        inner = np.where(x == 0, 1.0, x)  # the double where
        return np.where(x == 0, 1.0, np.sin(inner) / inner)

    np.testing.assert_allclose(value(sinc(mg.Variable(X))), [1, np.sin(1), np.sin(3) / 3])
    slopes = [0, np.cos(1) - np.sin(1), np.cos(3) / 3 - np.sin(3) / 9]
    np.testing.assert_allclose(gradient(sinc, X), slopes)
    np.testing.assert_allclose(dual.gradient(lambda v: np.sum(sinc(v)), X), slopes)
    slope = differentiate(sinc(Symbol("x")), Symbol("x"))
    np.testing.assert_allclose(evaluate(simplify(slope), x=X), slopes)


@pytest.mark.parametrize("x", [mg.Variable(1.0), Symbol("x")])
@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.ge])
def test_comparing_with_a_number_has_no_truth_value(x, compare):
    with pytest.raises(TypeError, match="no truth value"):
        _ = x * x if compare(x, 3) else x
    with pytest.raises(TypeError, match="no truth value"):
        _ = x * x if compare(np.float64(3), x) else x


@pytest.mark.parametrize("kind", [lambda: mg.Variable([1.0, 2.0]), lambda: Symbol("x") + 1])
def test_sets_dictionaries_and_lists_find_an_object_itself(kind):
    x, others = kind(), [mg.Variable([1.0, 2.0]), mg.Variable(np.ones(3)), Symbol("y")]
    assert x in {x, *others} and {x: 1, others[0]: 2}[x] == 1 and len({x, x, *others}) == 4
    same = [o for o in others if isinstance(o, mg.graph.Node) == isinstance(x, mg.graph.Node)]
    assert x in [*same, x] and [*same, x].index(x) == len(same) and x not in same
    assert x == x and not (x != x)
    assert x != same[0] and not (x == same[0])


@pytest.mark.parametrize("x", [mg.Variable([1.0, 2.0]), Symbol("x")])
@pytest.mark.parametrize("other", [None, "x", object(), mg.Variable])
def test_what_holds_no_number_is_another_thing(x, other):
    assert (x == other) is False and (x != other) is True


# -- order and position of arguments: NumPy's own signature ------------------------------------

MATRIX = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
GIVEN = {  # for each parameter of NumPy's functions a value that changes something
    "axis": 0, "mode": "reflect", "dtype": np.float32, "out": "an array", "keepdims": True, "initial": 10.0,
    "where": np.array([True, False, True]), "order": "F", "copy": True, "axes": (1, 0),
    "shape": (3, 2), "newshape": (3, 2), "casting": "unsafe", "subok": False,
    "signature": "dd->d", "x": MATRIX, "y": -MATRIX,
}  # fmt: skip
UFUNC = ("out", "where", "casting", "order", "dtype", "subok", "signature")
FUNCTIONS = [f for f in graph.NUMPY_FUNCTIONS if f is not operator.getitem]


def parameters(function):
    if isinstance(function, np.ufunc):
        return [(name, name == "out") for name in UFUNC]
    known = inspect.signature(function).parameters.values()
    named = [p for p in known if p.default is not p.empty and p.name not in ("x", "y")]
    return [(p.name, p.kind is not p.KEYWORD_ONLY) for p in named]


CALLS = [
    (function, name, by_position)
    for function in FUNCTIONS
    for name, positional in parameters(function)
    for by_position in ([False, True] if positional else [False])
]


def call(function, name, by_position, wrap):
    """The function of NumPy's, on arrays that are wrapped, with one optional argument."""
    needed = 3 if function is np.where else getattr(function, "nin", 1)
    arrays = [MATRIX, MATRIX.T if function is np.matmul else MATRIX / 2, MATRIX * 3][:needed]
    arrays += (
        [GIVEN["shape"]] if function is np.reshape and name not in ("shape", "newshape") else []
    )
    arrays += [((1, 2), (0, 1))] if function is np.pad else []
    expected = function(*arrays) if name == "out" else None
    given = np.empty_like(expected) if expected is not None else GIVEN[name]
    if name == "signature" and getattr(function, "nin", 1) == 1:
        given = "d->d"
    inputs = [a if isinstance(a, tuple) else wrap(a) for a in arrays]
    if not by_position:
        return function(*inputs, **{name: given})
    if isinstance(function, np.ufunc):
        return function(*inputs, given)
    before = list(inspect.signature(function).parameters.values())[len(inputs) :]
    defaults = [p.default for p in itertools.takewhile(lambda p: p.name != name, before)]
    return function(*inputs, *defaults, given)


@pytest.mark.filterwarnings("ignore:.where. used without:UserWarning")
@pytest.mark.filterwarnings("ignore:Passing more than 2:DeprecationWarning")
@pytest.mark.parametrize("function, name, by_position", CALLS)
@pytest.mark.parametrize("kind", [mg.Variable, dual.Dual], ids=["node", "dual"])
def test_an_argument_means_what_it_means_to_numpy_or_is_refused_by_name(
    kind, function, name, by_position
):
    try:
        expected = call(function, name, by_position, np.asarray)
    except (TypeError, ValueError):  # this function of NumPy's cannot do that at all
        expected = None
    try:
        result = call(function, name, by_position, kind)
    except TypeError as refused:
        assert f"{name}=" in str(refused) or expected is None, refused
        return
    got = value(result) if isinstance(result, graph.Node) else getattr(result, "value", result)
    assert np.array_equal(got, expected) and np.shape(got) == np.shape(expected)


def test_what_was_reported_of_positions():
    a = mg.Variable(np.ones((2, 3)))
    assert np.max(a, 0, None, True).shape == (1, 3) and np.sum(
        a, (0, 1), None, None, True
    ).shape == (1, 1)
    with pytest.raises(TypeError, match=r"np\.sum of a node takes no dtype="):
        np.sum(a, 0, np.float64)
    with pytest.raises(TypeError, match=r"np\.mean of a node takes no dtype="):
        a.mean(0, np.float64)
    with pytest.raises(TypeError, match=r"takes no dtype=, out="):
        a.sum(0, float, np.zeros(3))
    with pytest.raises(TypeError, match="takes no order="):
        a.reshape(3, 2, order="F")
    assert a.sum(0, None, None, True).shape == a.max(0, None, True).shape == (1, 3)


METHODS = {
    "sum": [
        (0,),
        (0, None, None, True),
        (0, np.float64),
        (-1, None, np.zeros(2)),
        (None, None, None, True),
    ],
    "mean": [(1,), ((0, 1), None, None, True), (0, np.float32)],
    "max": [(0,), (0, None, True), (1, np.zeros(2))],
    "reshape": [(3, 2), ((3, 2),), (-1,), ([6],), (2, -1, 3), (4,), ("rows",), (2.5,)],
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [mg.Variable, dual.Dual], ids=["node", "dual"])
def test_a_method_takes_its_arguments_in_the_order_of_an_arrays(kind, name):
    for arguments in METHODS[name]:
        try:
            result = getattr(kind(MATRIX), name)(*arguments)
        except (TypeError, ValueError) as refused:
            assert re.search("takes no (dtype|out)=|do not fill|reshape|integer", str(refused))
            continue
        got = value(result) if isinstance(result, graph.Node) else result.value
        assert np.array_equal(got, getattr(MATRIX, name)(*arguments))


@pytest.mark.parametrize(
    "index", [[], [[]], [0, 1], [True, False], ([0, 1], [2, 2]), np.array([], int)]
)
def test_lists_are_indices_as_in_numpy(index):
    assert np.array_equal(value(mg.Variable(MATRIX)[index]), MATRIX[index])


def test_what_is_known_before_anything_is_computed_can_be_asked():
    for x in (mg.Variable(MATRIX), dual.Dual(MATRIX)):
        assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)


def test_a_function_taught_by_a_student_has_numpys_arguments_too():
    class Variance(mg.Operator):
        def __init__(self, x, axis=None, name=None):
            self.axis = axis
            super().__init__(x, name=name)

        def forward(self, x):
            return np.var(x, axis=self.axis)

    try:
        mg.implements(np.var)(Variance)
        assert np.var(mg.Variable(MATRIX), 0).shape == (3,)
        with pytest.raises(TypeError, match=r"np\.var of a node takes no ddof="):
            np.var(mg.Variable(MATRIX), ddof=1)
    finally:
        del graph.NUMPY_FUNCTIONS[np.var]


def test_adding_in_place_names_a_new_node():
    x = first = mg.Variable([1.0, 2.0])
    x += 1
    x *= 2
    assert value(x).tolist() == [4, 6] and first.value.tolist() == [1, 2]
    array = np.ones(2)
    with pytest.raises(TypeError, match="takes no out="):
        array += first


# -- nothing shares memory by accident --------------------------------------------------------


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


# -- values that are stale, and orders that cannot be computed ---------------------------------


def chain():
    x = mg.Variable(5.0, name="x")
    y = np.sin(x * x)
    return x, y, mg.topological_sort(y)


def test_backward_refuses_a_variable_that_has_changed_since_forward():
    x, _, order = chain()
    mg.forward(order)
    x.value = 2.0
    with pytest.raises(ValueError, match=r'Variable "x" has changed since Multiply was computed'):
        mg.backward(order)
    mg.forward(order)
    mg.backward(order)
    assert x.gradient == pytest.approx(4 * np.cos(4.0))


def test_backward_refuses_a_constant_that_has_changed_and_a_part_computed_anew():
    x, c = mg.Variable(1.0), mg.Constant(2.0, name="data")
    product = x * c
    order = mg.topological_sort(np.exp(product))
    mg.forward(order)
    c.value = 3.0
    with pytest.raises(ValueError, match='Constant "data" has changed'):
        mg.backward(order)
    mg.forward(mg.topological_sort(product))
    with pytest.raises(ValueError, match="Multiply has changed since Exp was computed"):
        mg.backward(order)


def test_both_sweeps_can_be_repeated():
    x, _, order = chain()
    for _ in range(2):
        mg.forward(order)
        for _ in range(2):
            mg.backward(order)
            assert x.gradient == pytest.approx(10 * np.cos(25.0))


def test_a_variable_outside_the_order_is_missed():
    x, _, order = chain()
    mg.forward(order)
    mg.backward(order)
    for _ in range(2):  # its gradient must not grow
        with pytest.raises(ValueError, match=r'Variable "x" is missing in the order'):
            mg.backward(order[1:])
    assert x.gradient == pytest.approx(10 * np.cos(25.0))


def test_a_variable_of_another_graph_keeps_the_gradient_of_that():
    x, y = mg.Variable(2.0), mg.Variable(3.0)
    assert gradient_of(x * x, x) == 4
    assert gradient_of(y * y, y) == 6 and x.gradient == 4


def gradient_of(result, variable):
    order = mg.topological_sort(result)
    mg.forward(order)
    mg.backward(order)
    return variable.gradient


def test_forward_refuses_an_order_that_cannot_be_computed():
    _, _, order = chain()
    for wrong in (order[::-1], order[2:], [order[0], order[2], order[1]]):
        with pytest.raises(ValueError, match="Sin needs Multiply, which does not come before it"):
            mg.forward(wrong)
    mg.forward(order)  # and where old values are there, too
    with pytest.raises(ValueError, match="does not come before"):
        mg.forward(order[::-1])


@pytest.mark.parametrize("sweep", [mg.forward, mg.backward])
@pytest.mark.parametrize(
    "wrong, error, message",
    [
        (
            lambda: mg.Variable([1.0]) * 2,
            TypeError,
            r"mg\.(for|back)ward\(mg\.topological_sort\(y\)\)",
        ),
        (lambda: mg.Variable(1.0), TypeError, "wants the nodes in their order"),
        (lambda: 5, TypeError, "wants the nodes in their order.*got 5"),
        (lambda: [], ValueError, "the order is empty"),
    ],
)
def test_sweeps_want_an_order(sweep, wrong, error, message):
    with pytest.raises(error, match=message):
        sweep(wrong())


@pytest.mark.parametrize("start", [np.array(1j), "one", [None]])
def test_backward_starts_from_real_numbers(start):
    _, _, order = chain()
    mg.forward(order)
    with pytest.raises(TypeError, match="starts from real numbers"):
        mg.backward(order, start)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ((), "at least one node"),
        ((5,), "wants nodes, got 5"),
        ((mg.Variable(1.0), None), "wants nodes, got None"),
        (([mg.Variable(1.0), mg.Variable(2.0)],), r"topological_sort\(a, b\)"),
    ],
)
def test_the_sort_wants_nodes(wrong, message):
    with pytest.raises(TypeError, match=message):
        mg.topological_sort(*wrong)


# -- operators of one's own --------------------------------------------------------------------


class Own(mg.Operator):
    def __init__(self, *inputs, returns):
        self.returns = returns
        super().__init__(*inputs)

    def forward(self, *values):
        return sum(values)

    def backward(self, g, *values):
        return self.returns(g)


def test_gradients_may_come_as_a_list():
    a, b = gradient(lambda a, b: Own(a, b, returns=lambda g: [g, 2 * g]), 1.0, 2.0)
    assert (a, b) == (1, 2)


@pytest.mark.parametrize("wrong", [lambda g: g * 1j, lambda g: "g", lambda g: np.array(None)])
def test_a_gradient_that_is_not_real_is_refused(wrong):
    with pytest.raises(TypeError, match="Own: backward returned a gradient of dtype"):
        gradient(lambda x: Own(x, returns=wrong), [1.0, 2.0])


@pytest.mark.parametrize("wrong", [lambda x: x * 1j, lambda x: None, lambda x: "one"])
def test_a_value_that_is_not_real_is_refused_when_the_graph_is_built(wrong):
    class Odd(mg.Operator):
        def forward(self, x):
            return wrong(x)

    with pytest.raises(TypeError, match=r"Odd: its value is of dtype .*, not of real numbers"):
        Odd(mg.Variable(1.0))


@pytest.mark.parametrize("name", [5, True, np.float64, ["x"]])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="a name is a string, got"):
        mg.Variable(1.0, name)


def test_an_index_cannot_be_a_node():
    x = mg.Variable([1.0, 2.0])
    for index in (x > 0, (0, x > 0)):
        with pytest.raises(TypeError, match=r"index cannot be a node, got Greater.*np\.where"):
            x[index]


# -- where a derivative does not exist, or is 0 · ∞ ---------------------------------------------


def test_powers_at_zero():
    assert [gradient(lambda x, n=n: x**n, 0.0) for n in (0, 1, 2, 3)] == [0, 1, 0, 0]
    with np.errstate(divide="ignore"):  # the slope of the root is infinite there
        by_base, by_exponent = gradient(lambda x, y: x**y, [0.0, 0.0, 0.0], [2.0, 0.5, 0.0])
    assert by_base.tolist() == [0, np.inf, 0] and by_exponent.tolist() == [0, 0, 0]
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x, y: x**y, 0.0, -1.0)[1])
    assert gradient(lambda x: x**x, 0.0) == 0  # documented: the slope is −∞


def test_powers_of_negative_numbers_by_their_base():
    with np.errstate(all="ignore"):
        by_graph = gradient(lambda a, b: a**b, -2.0, 3.0)
        by_duals = dual.gradient(lambda v: v[0] ** v[1], np.array([-2.0, 3.0]))
    assert by_graph[0] == by_duals[0] == 12 and np.isnan([by_graph[1], by_duals[1]]).all()


def test_an_exponent_that_does_not_change_needs_no_logarithm():
    with np.errstate(invalid="ignore"):  # of the other direction, in which −2 has a logarithm
        powers = dual.gradient(lambda n: np.sum(np.array([-2.0, 3.0]) ** n), np.array([3.0, 2.0]))
    assert powers[1] == pytest.approx(9 * np.log(3))
    # and a change of second order is one: d²/dt² 2^(t²) at 0 is 2 log 2
    second = dual.derivative(lambda t: dual.derivative(lambda s: 2.0 ** (s * s), t), 0.0)
    assert second == pytest.approx(2 * np.log(2))


NOT_TAKEN = {  # at x, the right slope, and the double where
    "root": (lambda x: np.where(x >= 0, x, np.sqrt(-x)), 1.0, 1.0,
             lambda x: np.where(x >= 0, x, np.sqrt(np.where(x < 0, -x, 1)))),
    "logarithm": (lambda x: np.where(x > 0, np.log(x), 0.0), -1.0, 0.0,
                  lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0.0)),
    "overflow": (lambda x: np.where(x < 15, x, np.exp(np.exp(x))), 10.0, 1.0,
                 lambda x: np.where(x < 15, x, np.exp(np.exp(np.where(x < 15, 15, x))))),
}  # fmt: skip


@pytest.mark.parametrize("name", ["root"])
def test_the_branch_not_taken_is_named_by_the_gradient_check(name):
    once, at, slope, _ = NOT_TAKEN[name]
    with np.errstate(all="ignore"):
        report = check_gradient(once, at)
        assert (
            not report.ok
            and "not finite" in repr(report)
            and "np.where(x > 0, np.log(" in repr(report)
        )
        assert dual.derivative(once, at) == slope


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_the_double_where_is_right(name):
    _, at, slope, twice = NOT_TAKEN[name]
    with np.errstate(all="ignore"):
        assert gradient(twice, at) == slope
        report = check_gradient(twice, at)
    assert report.ok and not report.hints


def test_the_root_of_a_square_at_zero_is_not_a_number_as_everywhere():
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x: np.sqrt(x * x), 0.0))
        assert np.isnan(dual.derivative(lambda x: np.sqrt(x * x), 0.0))
        assert gradient(np.sqrt, 0.0) == np.inf


def test_a_tie_is_shared_in_every_way():
    for f in (np.maximum, np.minimum):
        assert gradient(lambda x, f=f: f(x, 2.0), 2.0) == 0.5
        assert dual.derivative(lambda x, f=f: f(x, 2.0), 2.0) == 0.5
        x = Symbol("x")
        assert evaluate(simplify(differentiate(f(x, 2), x)), x=2.0) == 0.5


# -- the gradient check says what is wrong ------------------------------------------------------


def test_whole_numbers_are_labels_to_the_check():
    with pytest.raises(ValueError, match=r"no variable .* of Sin; arrays of whole .* write 1\.0"):
        check_gradient(np.sin, [1, 2, 3])


def test_a_small_mistake_is_no_multiple():
    report = check_gradient(lambda x: Own(x, returns=lambda g: g * 1.0004), [1.0, 2.0])
    assert len(report.mistakes) == 2 and not report.hints


@pytest.mark.parametrize("dtype", ["uint8", "int8", bool])
def test_differences_of_whole_numbers_do_not_wrap(dtype):
    def steps(x):
        return np.asarray([x > 1, x < 1]).astype(dtype)

    wanted = [0.5 / 2**-17, -0.5 / 2**-17]
    assert finite_difference(steps, 1.0, step=2.0**-17).tolist() == wanted


def test_differences_of_a_function_that_uses_its_memory_again():
    memory = np.zeros(1)

    def square(x):
        memory[:] = x * x
        return memory

    for method in ("forward", "central"):
        assert finite_difference(square, 3.0, method) == pytest.approx(6, rel=1e-6)


def test_the_complex_step_is_refused_where_it_is_no_derivative():
    for f, x in ((lambda x: np.abs(x) * x, -1.5), (lambda x: (-2.0) ** x, 3.0)):
        with pytest.raises(ValueError, match=r"not analytic.*method='central'"):
            finite_difference(f, x, "complex")
    assert finite_difference(lambda x: 1 / x, 1e-5, "complex") == pytest.approx(-1e10)
    assert finite_difference(np.sqrt, 1e-8, "complex") == pytest.approx(0.5e4)


# -- formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["x", 2, None, symbolic.Number(2), np.float64(1)])
def test_a_formula_is_differentiated_by_a_formula(by):
    x = Symbol("x")
    with pytest.raises(TypeError, match="wants a symbol to differentiate by"):
        differentiate(x * x, by)
    assert simplify(differentiate(np.sin(x * x), x * x)) is np.cos(x**2)


def test_a_power_of_zero_at_zero_is_a_number_once_it_is_simplified():
    x, n = Symbol("x"), symbolic.Number(0)
    slope = differentiate(x**n, x)
    with np.errstate(all="ignore"):
        assert np.isnan(evaluate(slope, x=0.0))  # documented at differentiate
    assert evaluate(simplify(slope), x=0.0) == dual.derivative(lambda x: x**0, 0.0) == 0


@pytest.mark.parametrize("name", ["2x", "lambda", "", 5, "a b"])
def test_a_symbol_has_a_name_that_python_takes(name):
    with pytest.raises(ValueError, match="valid Python name"):
        Symbol(name)


def test_any_name_can_be_given_a_value():
    assert evaluate(Symbol("expression") * Symbol("values"), expression=2.0, values=3.0) == 6
    assert evaluate(Symbol("x") ** -1, x=[1, 2]).tolist() == [1, 0.5]


def test_names_are_escaped_in_latex():
    assert latex(Symbol("_")) == r"\_" and latex(Symbol("a_b_2")) == r"\mathrm{a\_b}_{2}"


def test_arguments_of_formulas_are_counted():
    x = Symbol("x")
    with pytest.raises(TypeError, match="takes 3 arguments, got 1"):
        np.where(x > 0)
    with pytest.raises(TypeError, match="takes nothing but expressions"):
        np.exp(x, where=np.array([True]))


# -- to the accuracy that the docstrings state, beside fifty digits ------------------------------

EPS = np.finfo(float).eps
wide = st.floats(-40, 40) | st.floats(-1e-6, 1e-6) | st.sampled_from([-750.0, 750.0, -1e-300, 0.0])


def many_digits(f, *at):
    with mpmath.workdps(50):
        return float(f(*map(mpmath.mpf, at)))


@given(x=wide)
def test_elu_and_sigmoid_are_exact_to_a_few_roundings(x):
    wanted = many_digits(lambda x: x if x > 0 else mpmath.expm1(x), x)
    assert float(activations.elu(x)) == pytest.approx(wanted, rel=4 * EPS, abs=0)
    wanted = many_digits(lambda x: 1 / (1 + mpmath.exp(-x)), x)
    assert float(activations.sigmoid(x)) == pytest.approx(wanted, rel=4 * EPS, abs=1e-320)


@given(x=wide)
def test_their_derivatives_are_exact_to_the_rounding_of_one(x):
    wanted = many_digits(lambda x: mpmath.exp(-abs(x)) / (1 + mpmath.exp(-abs(x))) ** 2, x)
    assert gradient(activations.sigmoid, x) == pytest.approx(wanted, abs=2 * EPS)
    wanted = many_digits(lambda x: 1 / mpmath.cosh(x) ** 2, x)
    assert gradient(np.tanh, x) == pytest.approx(wanted, abs=4 * EPS)
    wanted = many_digits(lambda x: mpmath.exp(min(x, 0)), x)
    if x != 0:
        assert gradient(activations.elu, x) == pytest.approx(wanted, abs=2 * EPS)


@given(z=st.lists(st.floats(-700, 700), min_size=1, max_size=6), label=st.integers(0, 5))
def test_log_softmax_and_the_cross_entropies_to_roundings_of_the_largest(z, label):
    label %= len(z)
    wanted = many_digits(lambda *z: z[label] - mpmath.log(sum(map(mpmath.exp, z))), *z)
    close = pytest.approx(wanted, abs=8 * EPS * max(1.0, *np.abs(z)) * 2)
    logits = np.array([z])
    assert activations.log_softmax(logits)[0, label] == close
    assert -value(SparseSoftmaxCrossEntropy(logits, np.array([label])))[0] == close
    assert -value(SoftmaxCrossEntropy(logits, np.eye(len(z))[[label]]))[0] == close
    chance = many_digits(lambda *z: mpmath.exp(z[label]) / sum(map(mpmath.exp, z)), *z)
    width = max(z) - min(z)
    assert activations.softmax(logits)[0, label] == pytest.approx(
        chance, rel=(4 + len(z) + width) * EPS, abs=1e-300
    )
