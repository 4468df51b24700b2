"""Stale values, orders that cannot be computed, and operators of one's own that go wrong."""

import numpy as np
import pytest
from sweeping import Own, gradient, gradient_of

import minigrad as mg

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
