"""Lecture 07: what a reader is told for a typical mistake, and that its explorers follow."""

import numpy as np
import pytest

import minigrad as mg
from minigrad_course import explorers, lessons
from minigrad_course.lessons import going_further

POOL = """def pool_gradient(picture, gradient):
    result = np.zeros(picture.shape)
    for i in range(gradient.shape[0]):
        for j in range(gradient.shape[1]):
            window = picture[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            result[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = {}
    return result"""

ADAM = """class Adam(mg.optimizers.Optimizer):
    slots = 2
    def update(self, variable, gradient):
        m, v = self.state(variable)
        t = self.iterations + 1
        m {0}= (1 - 0.9) * (gradient - m)
        v {0}= (1 - 0.999) * (gradient**2 - v)
        variable.value = variable.value {1}"""

STEER = """def steer(picture, target, gradient_of, size):
    g = gradient_of(picture, target)
    return {}"""

SUSPICIOUS = """def suspicious(report):
    counts = report["tested_per_class"]
    if {leak}:
        return "leak"
    if report["epoch_chosen_on"] == "test":
        return "peeked"
    if report["scaled_by"] == "test":
        return "statistics"
    if {unbalanced}:
        return "unbalanced"
    return {fine}"""
RIGHT = {
    "leak": 'set(report["trained_on"]) & set(report["tested_on"])',
    "unbalanced": 'report["accuracy"] <= max(counts) / sum(counts)',
    "fine": '"fine"',
}

SWISH = """class Swish(mg.Operator):
    def forward(self, x):
        return {}
    def backward(self, gradient, x):
        s = mg.activations.sigmoid(x)
        return {}"""

MISTAKES = {
    # 07.1
    "all of equal pixels": (
        "07.1",
        POOL.format("gradient[i, j] * (window == window.max())"),
        "equal pixels in each window is not what was wanted: equal largest pixels all received it",
    ),
    "the losers too": ("07.1", POOL.format("gradient[i, j]"), "all four pixels of a window"),
    "a mean": ("07.1", POOL.format("gradient[i, j] / 4"), "the gradient of a mean"),
    "the corner": (
        "07.1",
        POOL.format("gradient[i, j] * np.eye(2)[:1].T @ np.eye(2)[:1]"),
        "it always went to the window's upper left pixel",
    ),
    "the pooled size": ("07.1", "def f(picture, gradient): return gradient", "has shape (2, 3)"),
    # 07.2
    "biases forgotten": ("07.2", "answer = (72, 4608, 401408, 1280)", "edges leaves out its 8"),
    "one channel below": (
        "07.2",
        "answer = (80, 64 * 10, 401536, 1290)",
        "the number for parts is not right: a filter looks at all 8 maps below.",
    ),
    "pooled once": (
        "07.2",
        "answer = (80, 4672, 64 * 14 * 14 * 128 + 128, 1290)",
        "the strides of 2 halve the maps once more, to 7×7.",
    ),
    "one map below": (
        "07.2",
        "answer = (80, 4672, 49 * 128 + 128, 1290)",
        "there are 64 maps of 7×7 below it",
    ),
    "two numbers": ("07.2", "answer = (80, 4672)", "four numbers were wanted"),
    # 07.3
    "no correction": (
        "07.3",
        ADAM.format("+", "- self.learning_rate * m / (np.sqrt(v) + 1e-7)"),
        "step 1 is not what was wanted: the moments are not corrected",
    ),
    "no square root": (
        "07.3",
        ADAM.format("+", "- self.learning_rate * m / (1 - 0.9**t) / (v / (1 - 0.999**t) + 1e-7)"),
        "the square root is missing",
    ),
    "uphill": (
        "07.3",
        ADAM.format(
            "+",
            "+ self.learning_rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)",
        ),
        "it goes up where it should go down",
    ),
    "half a correction": (
        "07.3",
        ADAM.format("+", "- self.learning_rate * m / (1 - 0.9**t) / (np.sqrt(v) + 1e-7)"),
        "only the mean is corrected",
    ),
    "forgotten moments": (
        "07.3",
        ADAM.replace("m {0}= ", "m = m + ")
        .replace("v {0}= ", "v = v + ")
        .format("", "- 0.1 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)"),
        "step 2 is not what was wanted: the moments are forgotten from step to step",
    ),
    "plain descent": ("07.3", ADAM.format("+", "- 0.1 * gradient"), "it is plain descent"),
    # 07.4
    "the target's loss climbed": (
        "07.4",
        STEER.format("np.clip(picture + size * np.sign(g), 0, 1)"),
        "the target becomes less probable",
    ),
    "no clip": ("07.4", STEER.format("picture - size * np.sign(g)"), "below 0 or above 1"),
    "the gradient itself": (
        "07.4",
        STEER.format("np.clip(picture - size * g / np.abs(g).max(), 0, 1)"),
        "of what it could: pixels with a small gradient hardly move",
    ),
    "too far": ("07.4", STEER.format("np.clip(picture - np.sign(g), 0, 1)"), "and 0.05 is allowed"),
    "nothing moved": ("07.4", STEER.format("picture"), "nothing has moved"),
    "flat": ("07.4", STEER.format("picture.ravel()"), "a picture of shape (6, 6) was wanted"),
    # 07.5
    "always content": ("07.5", 'def f(report): return "fine"', "is 'leak', and you say 'fine'"),
    "sets that are equal": (
        "07.5",
        SUSPICIOUS.format(**RIGHT | {"leak": 'report["trained_on"] == report["tested_on"]'}),
        "tested on 10 pictures that it learned from is 'leak'",
    ),
    "a majority is suspicious": (
        "07.5",
        SUSPICIOUS.format(**RIGHT | {"unbalanced": "max(counts) / sum(counts) > 0.5"}),
        "with 60 of 100 pictures in one class, and an accuracy of 0.88 is 'fine'",
    ),
    "many classes in mind": (
        "07.5",
        SUSPICIOUS.format(**RIGHT | {"unbalanced": 'report["accuracy"] < 0.5'}),
        "and an accuracy of 0.94 is 'unbalanced', and you say 'fine'",
    ),
    "no word": ("07.5", SUSPICIOUS.format(**RIGHT | {"fine": "True"}), "returned True, wanted"),
    # 07.6
    "half of the product rule": (
        "07.6",
        SWISH.format("x * mg.activations.sigmoid(x)", "gradient * s"),
        "the product rule",
    ),
    "the other half": (
        "07.6",
        SWISH.format("x * mg.activations.sigmoid(x)", "gradient * x * s * (1 - s)"),
        "it leaves out the first half",
    ),
    "what arrived": (
        "07.6",
        SWISH.format("x * mg.activations.sigmoid(x)", "s + x * s * (1 - s)"),
        "the gradient that arrived is not in it",
    ),
    "the sigmoid": (
        "07.6",
        SWISH.format("mg.activations.sigmoid(x)", "gradient * s * (1 - s)"),
        "the value at −3, −½, ¼ and 2 differs at [0]",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_typical_mistake_is_named(mistake, capsys):
    key, source, told = MISTAKES[mistake]
    space = {"np": np, "mg": mg}
    exec(source, space)
    lessons.exercise(key).check([v for k, v in space.items() if k[0] != "_"][-1])
    said = capsys.readouterr().out
    assert said.startswith(f"✗ {key} is not right yet:") and told in said


def test_each_exercise_tells_three_mistakes_apart():
    for number in range(1, 7):
        key = f"07.{number}"
        assert len({told for k, _, told in MISTAKES.values() if k == key}) >= 3, key


def test_the_numbers_of_weights_are_the_network_s():
    cells = code_of_the_lecture()
    space = {"mg": mg, "L": mg.layers}
    exec(next(cell for cell in cells if cell.startswith("def network(")), space)
    counts = [layer.count_params() for layer in space["network"]().layers]
    lessons.exercise("07.2").checker([n for n in counts if n])


def test_the_honest_report_of_the_lecture_is_fine():
    answer = {}
    exec(lessons.exercise("07.5").code, answer)
    assert answer["suspicious"](going_further.report_of()) == "fine"


def code_of_the_lecture():
    import json
    from pathlib import Path

    path = Path(__file__).resolve().parents[1] / "notebooks" / "07_going_further.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


# -- explorers ---------------------------------------------------------------------------------
def small_model():
    return mg.Sequential(
        [
            mg.Input((8, 8, 1)),
            mg.layers.Conv2D(3, 3, activation="relu", name="edges"),
            mg.layers.MaxPooling2D(name="pooled"),
            mg.layers.Flatten(),
            mg.layers.Dense(2, "softmax"),
        ]
    )


def test_feature_maps_are_what_the_layers_compute():
    pytest.importorskip("ipywidgets")
    from minigrad_course.explorers.feature_maps_explorer import maps_of

    model, picture = small_model(), np.random.default_rng(0).random((8, 8, 1))
    maps = maps_of(model, picture)
    first = mg.Sequential([mg.Input((8, 8, 1)), model.layers[0]])
    assert np.allclose(maps["edges"], first.predict(picture[np.newaxis], verbose=0)[0], atol=1e-6)
    halves = maps["edges"].reshape(3, 2, 3, 2, 3)
    assert np.array_equal(maps["pooled"], halves.max(axis=(1, 3)))


def test_the_feature_maps_follow_their_controls():
    pytest.importorskip("ipywidgets")
    pictures = np.random.default_rng(0).random((2, 8, 8, 1))
    explorer = explorers.feature_maps(small_model(), pictures, ["coat", "bag"])
    seen = {explorer.png}
    for name, value in ("picture", 1), ("map", 2), ("layer", "pooled"):
        explorer.controls[name].value = value
        seen.add(explorer.png)
    assert len(seen) == 4
    assert explorer.text == "bag (picture 1): map 2 of layer pooled, one of 3 of 3×3"


def test_pictures_of_a_wrong_shape_are_refused():
    pytest.importorskip("ipywidgets")
    with pytest.raises(ValueError, match=r"wants pictures of shape .* got \(8, 8\)"):
        explorers.feature_maps(small_model(), np.zeros((8, 8)))


def test_a_path_is_what_the_formula_gives():
    pytest.importorskip("ipywidgets")
    from minigrad_course.explorers.descent_explorer import path, valley

    places, heights = path(mg.optimizers.SGD(0.01), valley(), (2.0, 1.0), steps=3)
    steps = np.arange(4)
    assert np.allclose(places, np.stack([2 * 0.99**steps, 0.75**steps], axis=1))
    assert np.allclose(heights, 0.5 * places[:, 0] ** 2 + 12.5 * places[:, 1] ** 2)


def test_a_turned_valley_matters_to_adam_alone():
    pytest.importorskip("ipywidgets")
    explorer = explorers.descent()
    straight, before = explorer.text.split(", "), explorer.png
    explorer.controls["turned"].value = True
    turned = explorer.text.split(", ")
    assert straight[:2] == turned[:2] and straight[2] != turned[2]
    assert explorer.png != before


def test_the_confusion_explorer_counts_and_shows():
    pytest.importorskip("ipywidgets")
    labels = np.array([0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    explorer = explorers.confusion(np.zeros((4, 5, 5, 1)), labels, sure, ["coat", "bag"], (0, 1))
    assert explorer.text == "coat taken for bag: 1 of 2"
    before = explorer.png
    explorer.controls["all_mistakes"].value = True
    assert explorer.text == "the surest of 2 mistakes" and explorer.png != before


def fit(live, epochs=3, **options):
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 4))
    model = mg.Sequential([mg.Input((4,)), mg.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(mg.optimizers.SGD(0.1), "mse")
    model.fit(x, x @ np.ones((4, 1)), 8, epochs, verbose=0, callbacks=[live], **options)
    return model


def test_live_training_draws_the_loss_of_each_step():
    pytest.importorskip("ipywidgets")
    live, each = explorers.live_training(every=0), []

    class Each(mg.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.reset_metrics()

        def on_train_batch_end(self, batch, logs=None):
            each.append(logs["loss"])

    fit(live)
    mg.utils.set_random_seed(0)
    first = explorers.live_training()
    fit(first)
    mg.utils.set_random_seed(0)
    fit(Each())
    assert np.allclose(first.losses, each, atol=1e-6)
    assert live.explorer.text == "The loss of 24 steps in 3 epochs, which has fallen."


def test_the_button_stops_the_training():
    pytest.importorskip("ipywidgets")
    live = explorers.live_training()

    class PressLater(mg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if len(live.losses) == 5:
                live.explorer.controls["stop"].value = True

    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    callbacks = [live, PressLater()]
    model.fit(np.ones((40, 2)), np.ones((40, 1)), 4, 9, verbose=0, callbacks=callbacks)
    assert len(live.losses) == 6  # it looks once in a step, and was pressed after it had looked
    assert live.explorer.text.endswith("Stopped by hand.")
    assert repr(live.still()).startswith("<Figure: The loss of 6 steps in 1 epoch")


def test_a_still_picture_takes_the_place_of_the_moving_one():
    pytest.importorskip("ipywidgets")
    live = explorers.live_training()
    fit(live)
    assert live.explorer.layout.display is None
    live.still()
    assert live.explorer.layout.display == "none"
    fit(live)  # it moves again
    assert live.explorer.layout.display is None
