"""Numbers come into a model as they are, or are refused: none is cut or wraps around."""

import numpy as np
import pytest

import minigrad as mg

L = mg.layers
BYTES = np.random.default_rng(0).integers(0, 256, size=(5, 3), dtype=np.uint8)


class Square(L.Layer):
    def call(self, inputs):
        return inputs * inputs


class Darker(L.Rescaling):
    """A reader's own, which is a Rescaling and does something else."""

    def call(self, inputs):
        return inputs - 200.0 + inputs


class Own(mg.Model):
    def call(self, inputs):
        return inputs * inputs


class OwnOfLayers(mg.Model):
    def __init__(self):
        super().__init__()
        self.scaling = L.Rescaling(2.0)

    def call(self, inputs):
        return self.scaling(inputs) + inputs * inputs


def functional(*layers):
    x = mg.Input((3,))
    return mg.Model(x, L.Add()([layer(x) for layer in layers]))


MODELS = {
    "formula": lambda: functional(Square(), Square()),
    "rescaling beside it": lambda: functional(L.Rescaling(1.0), Square()),
    "two rescalings": lambda: functional(L.Rescaling(1.0), L.Rescaling(-2.0, 1.0)),
    "a rescaling of one's own": lambda: mg.Sequential([mg.Input((3,)), Darker(1.0)]),
    "a formula of one's own": Own,
    "a model of one's own": OwnOfLayers,
    "rescaling behind it": lambda: mg.Sequential([mg.Input((3,)), Square(), L.Rescaling(1.0)]),
    "a nested model": lambda: mg.Sequential(
        [mg.Input((3,)), mg.Sequential([mg.Input((3,)), L.Rescaling(1.0)]), Square()]
    ),
    "nothing": lambda: mg.Sequential([mg.Input((3,)), L.Flatten(), L.Rescaling(1.0)]),
}


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_bytes_are_the_numbers_that_they_stand_for(make, eagerly):
    model = make()
    model.compile("sgd", "mse", run_eagerly=eagerly)
    wanted = model.predict(BYTES.astype("float32"), verbose=0)
    np.testing.assert_allclose(model.predict(BYTES, verbose=0), wanted, rtol=1e-6)
    loss = model.evaluate(BYTES, wanted * 0, verbose=0)
    assert loss == pytest.approx(float(np.mean(wanted.astype(float) ** 2)), rel=1e-5)


def test_each_of_several_inputs_keeps_its_numbers():
    a, b = mg.Input((3,), dtype="int32"), mg.Input((3,))
    model = mg.Model([a, b], L.Add()([L.Rescaling(1.0)(a), Square()(b)]))
    ones, halves = np.ones((2, 3), "int32"), np.full((2, 3), 0.5)
    assert np.all(model.predict([ones, halves], verbose=0) == 1.25)
    halves = BYTES[:2]
    wanted = 1 + halves.astype(float) ** 2
    assert np.all(model.predict([ones.astype("uint8"), halves], verbose=0) == wanted)


@pytest.mark.parametrize(
    "dtype, x", [("int32", 0.7), ("uint8", 300), ("uint8", -1), ("int32", np.nan), ("bool", 2)]
)
def test_a_number_that_the_dtype_of_an_input_cannot_hold_is_refused(dtype, x):
    model = mg.Sequential([mg.Input((3,), dtype=dtype), L.Rescaling(1.0)])
    with pytest.raises(ValueError, match=f"predict: x holds a number that {dtype} cannot hold"):
        model.predict(np.full((2, 3), x), verbose=0)
    assert np.all(model.predict(np.ones((2, 3)), verbose=0) == 1)


@pytest.mark.parametrize("wrap", [list, tuple])
def test_a_list_of_one_input_is_that_input(keras, wrap):
    def script(lib):
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        model.fit(wrap([BYTES / 255]), np.ones((5, 1)), verbose=0)
        return model.predict([BYTES / 255], verbose=0)

    np.testing.assert_allclose(script(mg), script(keras), rtol=1e-5)
    one = mg.Sequential([mg.Input((3,)), L.Rescaling(1.0)])
    assert one.predict([[1.0, 2.0, 3.0]], verbose=0).tolist() == [[1, 2, 3]]  # one sample


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "bool"])
@pytest.mark.parametrize("name", sorted(set(mg.activations.NAMES) - {"linear"}))
def test_activations_of_whole_numbers_neither_wrap_nor_lose_digits(name, dtype):
    function = mg.activations.NAMES[name]
    x = np.array([0, 1, 2, 127, 200, -100, -128]).astype(dtype)[None]
    found, wanted = function(x), function(x.astype(float))
    exactly = name in ("relu",)  # which returns what it was given
    assert exactly or found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    node = function(mg.Constant(x))
    np.testing.assert_array_equal(mg.forward(mg.topological_sort(node)), wanted)
