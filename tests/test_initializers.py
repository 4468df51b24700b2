"""Initializers: the spread that the formulas give, and Keras's."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.initializers import fans

NAMES = ["glorot_uniform", "glorot_normal", "he_uniform", "he_normal"]
SHAPES = [(400, 300), (3, 3, 40, 80), (50000,)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_spread_and_limits_are_keras_s(keras, name, shape):
    ours = mg.initializers.get(name)(shape)
    theirs = np.asarray(keras.initializers.get(name)(shape))
    assert ours.shape == shape and ours.dtype == np.float32
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.02)
    assert abs(ours.mean()) < 0.02 * ours.std() * 3


@pytest.mark.parametrize("name", NAMES)
def test_variance_is_what_the_formula_says(name):
    fan_in, fan_out = 400, 300
    wanted = 2 / fan_in if name.startswith("he") else 2 / (fan_in + fan_out)
    values = mg.initializers.get(name)((fan_in, fan_out), "float64")
    assert values.var() == pytest.approx(wanted, rel=0.02)
    if name.endswith("uniform"):
        assert np.abs(values).max() <= np.sqrt(3 * wanted)
    else:  # cut off at two standard deviations of the normal distribution before the cut
        assert np.abs(values).max() <= 2 * np.sqrt(wanted) / 0.8796


@pytest.mark.parametrize("shape", [(5,), (), (4, 3), (2, 3, 4, 5)], ids=str)
def test_fans_are_keras_s(keras, shape):
    from keras.src.initializers.random_initializers import compute_fans

    assert fans(shape) == tuple(compute_fans(shape))


def test_simple_initializers():
    assert np.all(mg.initializers.Zeros()((2, 3)) == 0)
    assert np.all(mg.initializers.Ones()((2, 3), "float64") == 1)
    assert np.all(mg.initializers.Constant(0.25)((2,)) == 0.25)
    normal = mg.initializers.RandomNormal(1.0, 0.1, seed=1)((10000,))
    assert (normal.mean(), normal.std()) == pytest.approx((1, 0.1), rel=0.02)
    uniform = mg.initializers.RandomUniform(-2, 1, seed=1)((10000,))
    assert (uniform.min(), uniform.max()) == pytest.approx((-2, 1), rel=0.01)


def test_an_initializer_called_again_gives_the_same_and_another_one_does_not():
    a, b = mg.initializers.HeNormal(), mg.initializers.HeNormal()
    np.testing.assert_array_equal(a((3, 3)), a((3, 3)))
    assert np.any(a((3, 3)) != b((3, 3)))
    same = mg.initializers.HeNormal(seed=4)((3, 3)), mg.initializers.HeNormal(seed=4)((3, 3))
    np.testing.assert_array_equal(*same)


def test_a_seed_makes_the_same_model():
    def weights():
        mg.utils.set_random_seed(3)
        return mg.Sequential([mg.Input((3,)), mg.layers.Dense(4), mg.layers.Dense(4)]).get_weights()

    first, second = weights(), weights()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(first[0][:3] != first[2][:3])  # two layers do not start alike


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: mg.initializers.get("glorot_unifrm"), "Did you mean 'glorot_uniform'"),
        (lambda: mg.initializers.VarianceScaling(0), "scale is positive"),
        (lambda: mg.initializers.VarianceScaling(mode="fan"), 'mode is "fan_in", "fan_out" or'),
        (
            lambda: mg.initializers.VarianceScaling(distribution="even"),
            'distribution is .* or "uniform"',
        ),
    ],
)
def test_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
