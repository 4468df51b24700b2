"""Random inputs that keep clear of kinks, and the check of an operator's gradient."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    mutually_broadcastable_shapes,
)

import minigrad as mg
from minigrad.gradcheck import check_gradient

seeds = st.integers(0, 2**32 - 1)
shapes = array_shapes(min_dims=0, max_dims=3, max_side=4)
pairs_of_shapes = mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


def spread(seed, shape):
    """Numbers between -2.1 and 2.1, none closer to 0 or to another than 2 / size."""
    generator = np.random.default_rng(seed)
    size = max(int(np.prod(shape)), 1)
    magnitudes = 0.1 + 2 * generator.permutation(size) / size
    return (magnitudes * generator.choice([-1, 1], size)).reshape(shape)


def check(f, *inputs, operator=None):
    """The gradient passes with nothing to excuse, and the operator is the one meant."""
    report = check_gradient(f, *inputs)
    report.raise_if_wrong()
    assert report.worst_error < 1e-6 and not report.kinks
    result = f(*(mg.Variable(x) for x in inputs))
    if operator is not None:
        assert type(result) is operator
    order = mg.topological_sort(result)
    value = mg.forward(order)
    assert (value.shape, value.dtype) == (result.shape, result.dtype)
    return value
