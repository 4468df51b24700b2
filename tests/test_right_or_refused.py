"""No silently wrong number in models, and nothing lost: what cannot be right is refused at once."""

import numpy as np
import pytest

import minigrad as mg


# -- numbers that do not fit into float32, models that are left as they were ----------------
def net(*layers, loss="mse"):
    model = mg.Sequential(list(layers) or [mg.Input((3,)), mg.layers.Dense(1)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("value", [1e300, np.longdouble("1e39"), -1e39, np.inf, -np.inf, np.nan])
def test_numbers_that_become_infinite_are_refused_before_training(value):
    x, y = np.ones((4, 3)), np.ones((4, 1))
    bad_x, bad_y = x.astype(np.longdouble), y.astype(np.longdouble)
    bad_x[1, 1] = bad_y[1] = value
    model = net()
    before = model.get_weights()
    for data in ((bad_x, y), (x, bad_y)):
        with pytest.raises(ValueError, match=r"not finite in float32.*: sample 1"):
            model.fit(*data, verbose=0)
    with pytest.raises(ValueError, match="not finite in float32"):
        model.set_weights([np.full((3, 1), value), np.zeros(1)])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


FIRST = {
    "labels": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 9)), verbose=0),
    "split": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), validation_split=1.5, verbose=0),
    "validation": lambda m: m.fit(
        np.ones((4, 5)), np.ones((4, 1)), validation_data=(np.ones((4, 7)), np.ones((4, 1)))
    ),
    "nan": lambda m: m.fit(np.full((4, 5), np.nan), np.ones((4, 1)), verbose=0),
    "callbacks": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), callbacks=[3]),
    "evaluate": lambda m: m.evaluate(np.ones((4, 5)), np.ones((4, 9)), verbose=0),
    "on batch": lambda m: m.train_on_batch(np.ones((4, 5)), np.ones((4, 9))),
    "metric": lambda m: m.fit(np.ones((4, 5)), np.ones((4, 1)), verbose=0),
}


@pytest.mark.parametrize("name", FIRST)
def test_a_first_call_that_fails_does_not_build_the_model(name):
    class Own(mg.layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],))

        def call(self, inputs):
            return inputs * self.w

    model = mg.Sequential([Own(), mg.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["categorical_accuracy"] if name == "metric" else None)
    if name == "metric":
        model.compile("sgd", "mse", metrics=["sparse_categorical_accuracy"])
    with pytest.raises((ValueError, TypeError)):
        FIRST[name](model)
    assert not model.built and not model.weights and not any(p.built for p in model.layers)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)  # another width
    assert [w.shape for w in model.weights] == [(4,), (4, 1), (1,)]


def test_the_seed_draws_the_same_weights_whether_or_not_a_call_failed_before():
    def weights(fail):
        mg.utils.set_random_seed(5)
        model = mg.Sequential([mg.layers.Dense(3), mg.layers.Dense(1)])
        model.compile("sgd", "mse")
        if fail:
            with pytest.raises(ValueError, match="targets"):
                model.fit(np.ones((4, 4)), np.ones((4, 7)), verbose=0)
        model.build((None, 4))
        return model.get_weights()

    for a, b in zip(weights(False), weights(True), strict=True):
        np.testing.assert_array_equal(a, b)


# -- what is assigned after plans were made ------------------------------------------------
def test_an_optimizer_that_is_assigned_is_used():
    model = net()
    x, y = np.ones((4, 3)), np.zeros((4, 1))
    model.fit(x, y, verbose=0)
    model.optimizer = mg.optimizers.SGD(0.0)
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 1


def test_trainable_counts_for_batch_sizes_seen_before():
    model = net(mg.Input((3,)), mg.layers.Dense(2), mg.layers.Dense(1))
    x, y = np.ones((4, 3)), np.zeros((4, 1))
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]


def test_a_model_is_no_layer_of_itself_and_is_not_compiled_while_it_trains():
    model = net()
    with pytest.raises(ValueError, match="a layer of itself"):
        model.add(model)

    class Again(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.compile("adam", "mse")

    with pytest.raises(RuntimeError, match="is being trained: compile it before fit"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[Again()])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_masked_arrays_are_refused():
    masked = np.ma.masked_array(np.ones((4, 3)), mask=np.eye(4, 3))
    with pytest.raises(TypeError, match=r"masked array; x\.filled"):
        net().predict(masked, verbose=0)
