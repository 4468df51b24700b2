"""What a reader sees of an object: in a terminal the call or a table, in a notebook HTML."""

import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import minigrad as mg
from minigrad.callbacks import CallbackList, History
from minigrad.model.summary import amount
from minigrad.shared.showing import Table
from minigrad_course import lessons

EVIL = "<script>alert('x')</script>"


def public_classes(module) -> list[type]:
    return [c for c in (getattr(module, name) for name in module.__all__) if isinstance(c, type)]


def constructible(kind: type):
    try:
        return kind()
    except TypeError:  # it wants an argument
        return None


SHOWN = [
    made
    for module in (
        mg.optimizers,
        mg.losses,
        mg.metrics,
        mg.initializers,
        mg.regularizers,
        mg.callbacks,
    )
    for kind in public_classes(module)
    if (made := constructible(kind)) is not None and kind not in (History, CallbackList)
]


@pytest.mark.parametrize("made", SHOWN, ids=lambda made: type(made).__name__)
def test_it_shows_the_call_that_makes_it(made):
    module = __import__(type(made).__module__, fromlist=["x"])
    again = eval(repr(made), {type(made).__name__: type(made)}, vars(module))
    assert type(again) is type(made)
    assert repr(again) == repr(made)


@pytest.mark.parametrize(
    "made, text",
    [
        (mg.optimizers.SGD(0.01, momentum=0.9), "SGD(learning_rate=0.01, momentum=0.9)"),
        (mg.optimizers.SGD(np.float64(0.5)), "SGD(learning_rate=0.5)"),
        (mg.optimizers.Adam(), "Adam(learning_rate=0.001)"),
        (mg.losses.MeanSquaredError(), "MeanSquaredError()"),
        (mg.losses.MeanSquaredError(reduction="sum"), "MeanSquaredError(reduction='sum')"),
        (
            mg.losses.CategoricalCrossentropy(from_logits=True),
            "CategoricalCrossentropy(from_logits=True)",
        ),
        (mg.initializers.Constant(0.5), "Constant(value=0.5)"),
        (mg.regularizers.L1L2(l2=0.02), "L1L2(l2=0.02)"),
        (
            mg.callbacks.EarlyStopping("loss", patience=3),
            "EarlyStopping(monitor='loss', patience=3)",
        ),
    ],
)
def test_what_differs_from_the_defaults_is_shown(made, text):
    assert repr(made) == text


def test_a_learning_rate_that_was_changed_is_shown_as_it_is_now():
    optimizer = mg.optimizers.SGD(0.1)
    optimizer.learning_rate = 0.05
    assert repr(optimizer) == "SGD(learning_rate=0.05)"


def test_a_subclass_of_the_readers_shows_itself():
    class Signs(mg.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, sharp=False):
            super().__init__(learning_rate)
            self.sharp = sharp

    assert repr(Signs(sharp=True)) == "Signs(learning_rate=0.1, sharp=True)"


# Tables


class Cells(HTMLParser):
    """The cells of a table, the caption, and every attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows, self.tags, self.styles, self.here = [], set(), set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.styles |= {value for _, value in attributes}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.here = tag

    def handle_endtag(self, tag):
        self.here = ""

    def handle_data(self, data):
        if self.here:
            self.rows[-1][-1] += data


def trained(epochs: int = 3, **options) -> History:
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((8, 2)), np.ones((8, 1))
    return model.fit(x, y, epochs=epochs, verbose=0, **options)


def test_a_history_is_a_table_of_its_epochs():
    history = trained(validation_split=0.5)
    lines = repr(history).splitlines()
    assert lines[0] == "History of 3 epochs"
    assert lines[1].split() == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    for number, line in enumerate(lines[3:]):
        values = [metric[number] for metric in history.history.values()]
        assert [float(word) for word in line.split()] == [
            number + 1,
            *(pytest.approx(value, abs=5e-5) for value in values),
        ]
    page = Cells(history._repr_html_())
    assert page.rows == [line.split() for line in (lines[1], *lines[3:])]


def test_of_many_epochs_the_first_and_the_last_are_shown():
    lines = repr(trained(epochs=200)).splitlines()
    assert lines[0] == "History of 200 epochs"
    assert len(lines) < 40
    assert lines[3].split()[0] == "1" and lines[-1].split()[0] == "200"
    assert any(set(line.split()) == {"…"} for line in lines)


def test_a_history_holds_whatever_a_callback_notes():
    class Notes(mg.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["word"] = EVIL
            if epoch == 1:
                logs["late"] = None

    history = trained(callbacks=[Notes()])
    assert EVIL in repr(history)
    assert EVIL not in history._repr_html_() and html.escape(repr(EVIL)) in history._repr_html_()


def test_an_empty_history_says_so():
    assert repr(History()).splitlines()[0] == "History of 0 epochs"


@pytest.fixture
def model():
    return mg.Sequential(
        [mg.Input((28, 28, 1)), mg.layers.Flatten(), mg.layers.Dense(10, name="head")], name="net"
    )


def test_a_model_says_how_far_it_is(model):
    assert repr(mg.Sequential(name="empty")) == '<Sequential "empty": not built yet>'
    assert repr(model) == '<Sequential "net": 7,850 weights>'
    model.compile(mg.optimizers.SGD(0.1), "mse")
    assert repr(model) == (
        '<Sequential "net": 7,850 weights, compiled with SGD(learning_rate=0.1)>'
    )


def test_a_model_in_a_notebook_is_what_summary_prints(model, capsys):
    model.summary()
    printed = capsys.readouterr().out
    page = model._repr_html_()
    cells = [
        [cell.strip() for cell in re.split("[┃│]", line)[1:-1]] for line in printed.split("\n")
    ]
    assert Cells(page).rows == [row for row in cells if row]
    assert "Total params: 7,850 (30.66 KB)" in page and "net" in page


def test_a_layer_in_a_notebook_is_a_table_of_its_weights(model):
    layer = model.get_layer("head")
    assert repr(layer) == '<Dense "head": 7,850 weights>'
    assert Cells(layer._repr_html_()).rows[1:] == [
        ["head/kernel", "(784, 10)", "float32", "yes"],
        ["head/bias", "(10,)", "float32", "yes"],
    ]
    layer.trainable = False
    assert [row[-1] for row in Cells(layer._repr_html_()).rows[1:]] == ["no", "no"]
    assert mg.layers.Flatten()._repr_html_() is None  # one line says it all


class Doubled(mg.graph.Operator):
    """An operator whose gradient is twice what it should be."""

    def forward(self, x):
        return x * x

    def backward(self, g, x):
        return 4 * g * x


def test_a_gradient_check_that_fails_is_a_table_of_where():
    report = mg.check_gradient(Doubled, np.array([1.0, 2.0]))
    head, *rows = Cells(report._repr_html_()).rows
    assert head == ["element", "backward gives", "differences give", "relative error"]
    assert {row[0] for row in rows} == {mistake.place for mistake in report.mistakes}
    for _, analytic, numeric, error in rows:
        assert float(analytic) == pytest.approx(2 * float(numeric), rel=1e-5)
        assert float(error) == pytest.approx(0.5, rel=0.01)
    for hint in report.hints:
        assert html.escape(hint) in report._repr_html_()


def test_a_gradient_check_that_holds_is_a_sentence():
    assert mg.check_gradient(np.sin, 1.0)._repr_html_() is None


def test_exercises_are_reported_as_a_table_that_is_still_a_dictionary():
    report = lessons.report("02")
    assert json.loads(json.dumps(report)) == report
    rows = Cells(report._repr_html_()).rows[1:]
    assert [row[0] for row in rows] == list(report)
    assert repr(report).splitlines()[0].endswith(f"of {len(report)} exercises right")


def named(name: str) -> list:
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1, name=name)], name=name)
    return [model, model.layers[-1], model.plan(4), Table(name, (name,), [(name,)], (), [name])]


@pytest.mark.parametrize("thing", named(EVIL), ids=["model", "layer", "plan", "table"])
def test_nothing_gets_into_a_page_unescaped(thing):
    page = thing._repr_html_()
    assert EVIL not in page and html.escape(EVIL) in page
    assert "script" not in Cells(page).tags


@pytest.mark.parametrize("thing", named("plain"), ids=["model", "layer", "plan", "table"])
def test_a_page_leaves_the_colors_to_the_readers_theme(thing):
    assert Cells(thing._repr_html_()).styles <= {"text-align:left", "text-align:right"}


@pytest.mark.parametrize(
    "units, size", [(100, "404.00 B"), (300_000, "1.14 MB"), (300_000_000, "1.12 GB")]
)
def test_a_summary_has_the_unit_that_suits_the_size(units, size, monkeypatch):
    weight = mg.Variable(np.zeros(1), dtype="float32")
    monkeypatch.setattr(mg.Variable, "size", units + 1)
    monkeypatch.setattr(
        mg.Variable, "value", property(lambda w: np.broadcast_to(np.float32(0), (units + 1,)))
    )
    assert amount([weight]) == f"{units + 1:,} ({size})"
