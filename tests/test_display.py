"""Pictures: what is drawn is what the graph is, and explorers follow their controls."""

import html
import io
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import numpy as np
import pytest

import minigrad as mg
from minigrad.display.graph import describe
from minigrad.display.sweeps import steps

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", ["show_images", "draw_plan", "sweep_explorer"])
def test_a_picture_that_needs_more_than_numpy_says_what(name):
    code = "import sys; sys.modules.update(matplotlib=None, ipywidgets=None); "
    code += f"import minigrad as mg; mg.display.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ModuleNotFoundError: display.{name} needs ")
    assert last.endswith('pip install "minigrad[notebooks]"')


def sine_of_square():
    x = mg.Variable(5.0, name="x")
    return np.sin(x * x)


def computed(result):
    order = mg.topological_sort(result)
    mg.forward(order)
    mg.backward(order)
    return result


def reference_network(batch=2):
    """The network of the paper, as a graph, with its loss."""
    images = mg.Constant(np.zeros((batch, 28, 28, 1)), name="images")
    targets = mg.Constant(np.eye(10)[:batch], name="targets")

    def weight(name, *shape):
        return mg.Variable(np.zeros(shape), name=name)

    maps = mg.operators.Convolve(images, weight("kernel", 2, 2, 1, 8)) + weight("bias", 8)
    flat = mg.activations.relu(maps).reshape(batch, -1)
    hidden = mg.activations.elu(flat @ weight("W1", 5832, 128) + weight("b1", 128))
    scores = hidden @ weight("W2", 128, 10) + weight("b2", 10)
    return -(targets * mg.activations.log_softmax(scores)).sum(axis=1).mean()


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg()).iter(f"{SVG}text")]


# -- the picture of a graph ----------------------------------------------------------------
def test_the_picture_says_what_the_graph_holds():
    said = texts(mg.display.draw(computed(sine_of_square())))
    assert said == [
        *("x", "value 5", "gradient 9.912"),
        *("multiply", "value 25", "gradient 0.9912"),
        *("sin", "value −0.1324", "gradient 1"),
    ]
    plain = mg.display.draw(computed(sine_of_square()), values=False, gradients=False)
    assert texts(plain) == ["x", "multiply", "sin"]


def test_the_svg_can_be_read_by_those_who_cannot_see_it():
    root = ElementTree.fromstring(mg.display.draw(sine_of_square()).svg())
    assert root.get("role") == "img"
    assert (
        root.find(f"{SVG}title").text
        == "Graph of 3 nodes and 3 edges: x, multiply, sin; x twice into multiply"
    )


def test_a_name_may_hold_any_character():
    w = mg.Variable(1.0, name='<w> & "b"')
    assert texts(mg.display.draw(w + 1.0))[0] == '<w> & "b"'


def test_a_shared_node_is_drawn_once_with_an_edge_for_each_use():
    a = mg.Variable(1.0, name="a")
    b = a + a
    picture = mg.display.draw(b + b)
    assert [box.kind for box in picture.boxes] == ["variable", "operator", "operator"]
    assert len(picture.lines) == 4
    assert len({line.points[-1] for line in picture.lines}) == 4  # each enters at its own place


def test_the_kinds_differ_without_color():
    x = mg.Variable(1.0, name="x")
    root = ElementTree.fromstring(mg.display.draw(2.0 * x).svg())
    boxes = list(root.iter(f"{SVG}rect"))[1:]  # the first is the ground
    constant, variable, operator = boxes
    assert [box.get("stroke-dasharray") is not None for box in boxes] == [True, False, False]
    assert float(variable.get("stroke-width")) > 1.5 * float(constant.get("stroke-width"))
    assert float(operator.get("rx")) > 2 * float(variable.get("rx"))


def test_inputs_enter_in_their_order():
    a, b = mg.Variable(1.0, name="a"), mg.Variable(2.0, name="b")
    for result in (a - b, b - a):
        first, second = mg.display.draw(result).lines
        assert first.points[-1][1] < second.points[-1][1]


def test_a_highlighted_node_differs_and_is_named():
    result = sine_of_square()
    picture = mg.display.draw(result, highlight=result.inputs)
    assert [box.lit for box in picture.boxes] == [False, True, False]
    assert repr(picture).endswith("highlighted: multiply>")


def test_the_whole_network_is_drawn_with_a_straight_main_line():
    picture = mg.display.draw(reference_network())
    operators = [box for box in picture.boxes if box.kind == "operator"]
    centers = [box.x + box.width / 2 for box in operators]
    assert max(centers) - min(centers) < 25
    assert not picture.across and picture.size[0] < 600
    assert "W1 (5832, 128)" in texts(picture)  # in a line: it has to fit on a screen


def test_a_model_is_no_higher_than_the_screen_of_a_projector():
    model = mg.Sequential(
        [
            mg.Input((28, 28, 1)),
            mg.layers.Conv2D(8, 2, activation="relu"),
            mg.layers.Flatten(),
            mg.layers.Dense(128, "elu"),
            mg.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("sgd", "categorical_crossentropy")
    picture = mg.display.draw(model.network(1, training=True).loss)
    assert picture.size[0] < 800 and picture.size[1] < 640  # what JupyterLab leaves of 1024×768


def test_every_box_lies_inside_the_picture():
    for result in (sine_of_square(), reference_network()):
        picture = mg.display.draw(result)
        for box in picture.boxes:
            assert 0 < box.x and box.x + box.width < picture.size[0]
            assert 0 < box.y and box.y + box.height < picture.size[1]


def test_the_direction_can_be_chosen():
    assert mg.display.draw(sine_of_square()).across
    assert not mg.display.draw(sine_of_square(), direction="down").across
    with pytest.raises(ValueError, match='"right" or "down"'):
        mg.display.draw(sine_of_square(), direction="up")


def test_several_results_are_drawn_in_one_picture():
    x = mg.Variable(1.0, name="x")
    assert len(mg.display.draw([np.sin(x), np.cos(x)]).boxes) == 3


def test_a_graph_that_nobody_could_read_is_refused():
    node = mg.Variable(1.0)
    for _ in range(200):
        node = -node
    with pytest.raises(ValueError, match="201 nodes are too many"):
        mg.display.draw(node)


def test_the_picture_of_a_graph_is_the_same_each_time():
    assert mg.display.draw(reference_network()).svg() == mg.display.draw(reference_network()).svg()


def test_a_notebook_gets_svg_bitmap_and_text():
    data, metadata = mg.display.draw(sine_of_square())._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "image/png", "text/html", "text/plain"}
    assert (
        '<img alt="Graph of 3 nodes and 3 edges: x, multiply, sin; x twice into multiply"'
        in data["text/html"]
    )
    assert data["image/png"].startswith(b"\x89PNG")
    assert (
        metadata["image/png"]["alt"]
        == "Graph of 3 nodes and 3 edges: x, multiply, sin; x twice into multiply"
    )


def test_drawing_needs_neither_matplotlib_nor_widgets():
    program = (
        "import sys, minigrad as mg; mg.display.draw(mg.Variable(1.0) + 1.0).svg(); "
        "assert not {'matplotlib', 'ipywidgets', 'IPython'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


class Variable:
    """As a student writes it in lecture 02: no shape, no label, no dtype."""

    inputs = ()
    name, gradient = "x", None

    def __init__(self, value):
        self.value = value


class Cube:
    name = value = gradient = None

    def __init__(self, *inputs):
        self.inputs = inputs

    def forward(self, x):
        return x**3

    def backward(self, gradient, x):
        return [gradient * 3 * x**2]


def test_nodes_that_a_student_wrote_are_drawn_and_stepped_through():
    result = Cube(Variable(2.0))
    picture = mg.display.draw(result)
    assert [box.kind for box in picture.boxes] == ["variable", "operator"]
    assert texts(picture) == ["x", "value 2", "cube"]
    assert steps(result)[-1].gradients[result.inputs[0]] == 12.0
    assert steps(result)[-1].rule == "backward(self, gradient, x):  return [gradient * 3 * x**2]"


def test_large_values_are_left_out_and_shapes_are_told():
    assert describe(mg.Variable(np.zeros((2, 3)), name="W"), np.zeros((2, 3))) == (
        "W",
        "shape (2, 3)",
    )


# -- the sweeps, step by step --------------------------------------------------------------
def mixture():
    u, v = mg.Variable([1.0, 2.0], name="u"), mg.Variable([[3.0], [4.0]], name="v")
    return (np.log(u) * v + np.sin(u)).sum()


@pytest.mark.parametrize("build", [sine_of_square, mixture])
def test_the_last_step_holds_what_the_sweeps_give(build):
    last = steps(build())[-1]
    order = mg.topological_sort(computed(build()))
    assert len(last.values) == len(order)
    wanted = {n.name: n.gradient for n in order if isinstance(n, mg.Variable)}
    got = {n.name: g for n, g in last.gradients.items() if n.name in wanted}
    assert got.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name])


def test_a_node_has_its_value_from_its_own_step_on():
    shown = steps(sine_of_square())
    assert [len(step.values) for step in shown] == [1, 2, 3, 3, 3, 3]
    assert [len(step.gradients) for step in shown] == [0, 0, 0, 1, 2, 3]
    assert [step.backward for step in shown] == [False] * 3 + [True] * 3


def test_the_rule_is_the_operator_s_own_line():
    forward, backward = steps(sine_of_square())[1], steps(sine_of_square())[5]
    assert forward.rule == "forward(self, x, y):  return x * y"
    assert backward.rule == "backward(self, g, x, y):  return g * y, g * x"
    assert backward.parts == {0: pytest.approx(4.956014), 1: pytest.approx(4.956014)}


def test_the_sweep_explorer_follows_its_slider():
    explorer = mg.display.sweep_explorer(sine_of_square())
    seen = set()
    for step in range(6):
        explorer.controls["step"].value = step
        assert explorer.text.startswith(f"step {step} of 5.")
        assert explorer.image.value == explorer.png
        seen.add(explorer.png)
    assert len(seen) == 6


# -- explorers -----------------------------------------------------------------------------
def test_an_explorer_shows_a_still_picture_where_no_kernel_runs():
    data, metadata = mg.display.sweep_explorer(sine_of_square())._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"].startswith(b"\x89PNG")
    alt = metadata["image/png"]["alt"]
    assert data["text/plain"] == f"<Explorer: {alt}>"
    assert f'alt="{html.escape(alt)}"' in data["text/html"]


def test_an_explorer_says_what_it_shows_when_a_control_has_moved():
    explorer = mg.display.sweep_explorer(sine_of_square())
    before = explorer.said.value
    explorer.controls["step"].value += 1
    assert explorer.said.value != before
    assert html.escape(explorer.text) in explorer.said.value
    assert 'aria-live="polite"' in explorer.said.value


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1)])
def test_the_convolution_explorer_computes_what_the_definition_says(shape):
    image = np.random.default_rng(0).uniform(size=shape)
    kernel = np.array([[1.0, -2.0], [3.0, 0.5]])
    explorer = mg.display.convolution_explorer(image, {"mine": kernel})
    explorer.controls["row"].value, explorer.controls["column"].value = 3, 1
    total = sum(
        image.reshape(6, 5)[3 + i, 1 + j] * kernel[i, j] for i in range(2) for j in range(2)
    )
    assert explorer.text == f"kernel mine at row 3, column 1: the sum is {total:.4g}".replace(
        "-", "−"
    )
    assert (explorer.controls["row"].max, explorer.controls["column"].max) == (4, 3)


def test_every_kernel_of_the_convolution_explorer_can_be_chosen():
    explorer = mg.display.convolution_explorer(np.eye(8))
    pictures = set()
    for kernel in explorer.controls["kernel"].options:
        explorer.controls["kernel"].value = kernel
        pictures.add(explorer.png)
    assert len(pictures) == len(explorer.controls["kernel"].options)


def test_a_picture_smaller_than_the_kernel_is_refused():
    with pytest.raises(ValueError, match=r"at least 3×3, got \(2, 5\)"):
        mg.display.convolution_explorer(np.zeros((2, 5)))


# -- plots ---------------------------------------------------------------------------------
def test_history_has_a_panel_for_each_metric_and_a_line_for_each_curve():
    curves = {"loss": [2.0, 1.0], "accuracy": [0.1, 0.5], "val_loss": [2.0, 1.5]}
    picture = mg.display.plot_history(curves)
    assert [len(ax.lines) for ax in picture.figure.axes] == [2, 1]
    assert [ax.get_ylabel() for ax in picture.figure.axes] == ["loss", "accuracy"]
    assert picture.figure.axes[0].lines[1].get_ydata().tolist() == [2.0, 1.5]


def test_history_takes_what_fit_returns():
    class History:
        history = {"loss": [1.0]}  # noqa: RUF012

    assert repr(mg.display.plot_history(History())) == "<Figure: loss over 1 epochs>"


def test_images_tell_right_from_wrong_without_color():
    picture = mg.display.show_images(np.zeros((3, 4, 4, 1)), ["a", "b", "c"], ["a", "x", "c"])
    titles = [ax.get_title() for ax in picture.figure.axes]
    assert [title.split("\n")[0] for title in titles] == ["a", "✗ x", "c"]
    assert picture.alt == "3 pictures, 1 of them predicted wrongly"


@pytest.mark.parametrize("shape", [(4, 4), (0, 4, 4), (2, 4, 4, 3)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="wants shape"):
        mg.display.show_images(np.zeros(shape))


def test_a_shown_figure_is_not_shown_twice():
    import matplotlib.pyplot as plt

    figure = plt.figure()
    data, metadata = mg.display.show(figure, alt="an empty figure")._repr_mimebundle_()
    assert not plt.fignum_exists(figure.number)
    assert data["text/plain"] == "<Figure: an empty figure>"
    assert metadata == {"image/png": {"alt": "an empty figure"}}
    assert data["text/html"].startswith('<img alt="an empty figure"')
    from matplotlib.image import imread

    assert imread(io.BytesIO(data["image/png"])).ndim == 3


def test_the_first_colors_differ_in_grey():
    from matplotlib.colors import to_rgb

    from minigrad.display.plots import COLORS

    gray = [float(np.dot(to_rgb(color), [0.2126, 0.7152, 0.0722])) for color in COLORS[:3]]
    assert all(abs(a - b) > 0.05 for a, b in combinations(gray, 2))


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a & b", "\"'>", "\x00\x1b[2J", "\ud800", "x\ufffe"]
)
def test_any_name_gives_a_picture_that_is_well_formed(name):
    x = mg.Variable([1.0, 2.0], name=name)
    order = mg.topological_sort(np.sin(x).sum())
    mg.forward(order)
    picture = mg.display.draw(order[-1], values=True)
    svg = picture.svg()
    written = " ".join(text.text or "" for text in ElementTree.fromstring(svg.encode()).iter())
    assert "sin" in written and (name in written or "\ufffd" in written)
    assert "<script" not in svg + picture.html()


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"validation_freq": 2}, [[1, 2, 3, 4], [2, 4]]),
        ({"initial_epoch": 2}, [[3, 4], [3, 4]]),
        ({"initial_epoch": 1, "validation_freq": [3]}, [[2, 3, 4], [3]]),
    ],
)
def test_a_history_is_drawn_and_written_at_its_epochs(options, wanted):
    model = mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    history = model.fit(x, y, epochs=4, verbose=0, validation_data=(x, y), **options)
    (panel,) = mg.display.plot_history(history).figure.axes
    assert [line.get_xdata().tolist() for line in panel.lines] == wanted
    assert [line.get_ydata().tolist() for line in panel.lines] == [*history.history.values()]
    rows = [line.split() for line in repr(history).splitlines()[3:]]
    assert [int(row[0]) for row in rows] == wanted[0]
    assert [int(row[0]) for row in rows if len(row) == 3] == wanted[1]


def test_a_metric_of_the_validation_alone_is_drawn_and_no_history_is_an_error():
    figure = mg.display.plot_history({"loss": [2.0, 1.0], "val_f1": [0.1, 0.2]}).figure
    assert [len(panel.lines) for panel in figure.axes] == [1, 1]
    for empty in ({}, mg.callbacks.History()):
        with pytest.raises(ValueError, match="plot_history: there is no epoch"):
            mg.display.plot_history(empty)
