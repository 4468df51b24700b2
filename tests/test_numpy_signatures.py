"""An argument means what it means to NumPy, by name and by position, or is refused by name."""

import inspect
import itertools
import operator
import re

import numpy as np
import pytest
from sweeping import value

import minigrad as mg
from minigrad import dual, graph

MATRIX = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
GIVEN = {  # for each parameter of NumPy's functions a value that changes something
    "axis": 0, "mode": "reflect", "dtype": np.float32, "out": "an array", "keepdims": True, "initial": 10.0,
    "where": np.array([True, False, True]), "order": "F", "copy": True, "axes": (1, 0),
    "shape": (3, 2), "newshape": (3, 2), "casting": "unsafe", "subok": False,
    "signature": "dd->d", "x": MATRIX, "y": -MATRIX, "constant_values": 7.0,
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
CALLS.append((np.pad, "constant_values", False))  # its signature says **kwargs only


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
