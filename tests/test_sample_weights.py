"""How much samples count: weights of samples and of classes mean what they mean in Keras."""

import numpy as np
import pytest
from test_fit_data import LABELS, ONE_HOT, RNG, WEIGHTS, X, agree, classifier, three

import minigrad as mg

LOSSES = {
    "one-hot": ("categorical_crossentropy", "softmax", 3, ONE_HOT),
    "class numbers": ("sparse_categorical_crossentropy", "softmax", 3, LABELS),
    "logits": (mg.losses.SparseCategoricalCrossentropy(from_logits=True), None, 3, LABELS),
    "squares": ("mse", None, 3, ONE_HOT),
    "sum": (mg.losses.MeanSquaredError("sum"), None, 3, ONE_HOT),
    "binary": ("binary_crossentropy", "sigmoid", 1, (LABELS > 1).astype("float32")),
}
WEIGHED = {
    "samples": {"sample_weight": WEIGHTS},
    "a column": {"sample_weight": WEIGHTS[:, np.newaxis], "validation_split": 0.3},
    "negative": {"sample_weight": WEIGHTS - 1},
    "validation": {
        "validation_data": (X[:20], ONE_HOT[:20], WEIGHTS[:20]),
        "validation_batch_size": 9,
    },
}
OPTIONS = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}


@pytest.mark.parametrize("given", WEIGHED.values(), ids=WEIGHED)
def test_weights_mean_what_they_mean_in_keras(keras, given):
    agree(three(), lambda m: m.fit(X, ONE_HOT, **OPTIONS, **given))


@pytest.mark.parametrize("loss, last, units, y", LOSSES.values(), ids=LOSSES)
def test_weights_of_classes_are_for_training_only(keras, loss, last, units, y):
    given = {"class_weight": {0: 2.0, 1: 0.5}, "validation_split": 0.3}
    agree(three(loss, last, units), lambda m: m.fit(X, y, **OPTIONS, **given))


@pytest.mark.parametrize("loss, last, units, y", LOSSES.values(), ids=LOSSES)
def test_weights_in_one_step_and_in_evaluate(keras, loss, last, units, y):
    def use(model):
        steps = [
            model.train_on_batch(X[:9], y[:9], WEIGHTS[:9]),
            model.train_on_batch(X[9:20], y[9:20], class_weight={1: 3.0}),
            model.test_on_batch(X[:9], y[:9], WEIGHTS[:9]),
        ]
        return [*steps, model.evaluate(X, y, verbose=0, sample_weight=WEIGHTS)]

    agree(three(loss, last, units), use)


def test_a_weight_for_each_number_of_the_loss(keras):
    x, y = RNG.normal(size=(12, 5, 4)), RNG.normal(size=(12, 5, 2)).astype("float32")
    weights = RNG.uniform(size=(12, 5))
    models = []
    for eager in (False, True):
        mg.utils.set_random_seed(2)
        model = mg.Sequential([mg.Input((5, 4)), mg.layers.Dense(2)])
        model.compile("sgd", "mse", run_eagerly=eager)
        models.append(model)
    models.append(mg.interop.to_keras(models[0]))
    agree(
        models, lambda m: m.fit(x, y, sample_weight=weights, shuffle=False, batch_size=5, verbose=0)
    )


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "MeanAbsoluteError", "CategoricalCrossentropy"]
)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
def test_a_loss_takes_weights_when_it_is_called(keras, name, reduction):
    target, prediction = np.eye(3)[[0, 2, 1, 1]], RNG.dirichlet(np.ones(3), 4)
    ours, theirs = (getattr(k.losses, name)(reduction=reduction) for k in (mg, keras))
    for weights in ([1.0, 0.0, 2.0, -1.0], [[1.0], [0.0], [2.0], [0.5]], 0.5):
        wanted = np.array(theirs(target, prediction, np.array(weights)))
        found = ours(target, prediction, weights)
        np.testing.assert_allclose(np.ravel(found), np.ravel(wanted), rtol=1e-5)
    with pytest.raises(ValueError, match=r"sample_weight has shape \(3,\), the loss \(4,\)"):
        ours(target, prediction, [1, 2, 3])


def test_a_mean_over_the_weights_is_refused():
    model = classifier(mg.losses.MeanSquaredError("mean_with_sample_weight"))
    model.fit(X, ONE_HOT, verbose=0)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"mean_with_sample_weight.*not covered"):
        model.fit(X, ONE_HOT, sample_weight=WEIGHTS, verbose=0)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_no_weights_no_cost():
    """The graph and the calls are those of a model that has never heard of weights."""
    model = classifier()
    model.fit(X, ONE_HOT, sample_weight=WEIGHTS, verbose=0)
    plain, weighed = model.network(16, True), model.network(16, True, weighted=())
    assert len(weighed.order) == len(plain.order) + 2  # the weights, and a product
    assert plain.others == () and len(weighed.others) == 1
