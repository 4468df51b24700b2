"""What Tab shows: Keras's names, as far as they are covered, and hardly anything else."""

import ast
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg

ROOT = Path(__file__).resolve().parents[1] / "minigrad"
X, Y = np.ones((4, 4), np.float32), np.ones((4, 2), np.float32)


def shown(thing) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def trained(library):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(2)])
    model.compile(library.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    return model


# What minigrad has beyond Keras, because it is there to be read: graphs, plans, short classes.
BEYOND = {
    "model": {"network", "plan"},
    "metric": {"direction", "total_of"},
    "EarlyStopping": {"best_epoch"},  # Keras's has it once training has begun
    "History": {"epoch"},
    "Huber": {"delta"},
    "L1": {"l2"},  # an L1L2 of which one is 0
    "L2": {"l1"},
    "datasets": {"DataError", "Dataset", "load_csv", "read_idx"},
}
LAYERS = {
    "Activation": ("relu",),
    "Add": (),
    "Average": (),
    "AveragePooling2D": (2,),
    "Concatenate": (),
    "BatchNormalization": (),
    "Conv2D": (2, 2),
    "Dense": (2,),
    "Dropout": (0.5,),
    "ELU": (),
    "Flatten": (),
    "GlobalAveragePooling2D": (),
    "GlobalMaxPooling2D": (),
    "InputLayer": ((4,),),
    "Lambda": (abs,),
    "LeakyReLU": (),
    "MaxPooling2D": (),
    "Maximum": (),
    "Minimum": (),
    "Multiply": (),
    "Permute": ((1,),),
    "ReLU": (),
    "Rescaling": (0.5,),
    "Reshape": ((2,),),
    "Softmax": (),
    "Subtract": (),
    "UpSampling2D": (),
    "ZeroPadding2D": (),
}


def test_a_model_shows_what_keras_s_shows(keras):
    extra = shown(trained(mg)) - shown(trained(keras))
    assert extra == BEYOND["model"]
    assert shown(trained(mg)) >= {"fit", "evaluate", "predict", "compile", "summary", "layers"}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_shows_what_keras_s_shows(keras, kind):
    mine, theirs = (getattr(lib.layers, kind)(*LAYERS[kind]) for lib in (mg, keras))
    assert shown(mine) - shown(theirs) == BEYOND.get(kind, set())


@pytest.mark.parametrize(
    "module",
    ["losses", "metrics", "initializers", "callbacks", "regularizers"],
    ids=lambda name: name,
)
def test_the_others_show_what_keras_s_show(keras, module):
    for name in getattr(mg, module).__all__:
        kind = getattr(getattr(mg, module), name)
        if not inspect.isclass(kind) or name == "CallbackList":
            continue
        needs = {"ModelCheckpoint": {"save_weights_only": True, "filepath": "w.weights.npz"}}
        needs["BackupAndRestore"] = {"backup_dir": "folder"}
        needs["CSVLogger"] = {"filename": "log.csv"}
        needs["LearningRateScheduler"] = {"schedule": abs}
        theirs = dict(needs.get(name, {}))
        theirs |= {"filepath": "w.weights.h5"} if "filepath" in theirs else {}
        pair = (
            kind(**needs.get(name, {})),
            getattr(getattr(keras, module), name)(**theirs),
        )
        beyond = BEYOND.get(kind.__name__, set()) | (
            BEYOND["metric"] if module == "metrics" else set()
        )
        assert shown(pair[0]) - shown(pair[1]) <= beyond, name


PUBLIC = [name for name in mg.__all__ if inspect.ismodule(getattr(mg, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_module_shows_what_is_public_in_it(name):
    module = getattr(mg, name)
    assert shown(module) == {each for each in module.__all__ if not each.startswith("_")}


NAMED = ["layers", "losses", "metrics", "callbacks", "initializers", "regularizers", "optimizers"]


@pytest.mark.parametrize("name", NAMED)
def test_a_module_of_keras_s_name_shows_keras_s_names(keras, name):
    assert shown(getattr(mg, name)) <= shown(getattr(keras, name))


def test_from_module_import_everything_brings_the_short_names_too():
    names: dict[str, object] = {}
    exec("from minigrad.layers import *", names)
    assert names["MaxPool2D"] is names["MaxPooling2D"] and "Convolution2D" in names


@pytest.mark.parametrize("module", ["layers", "optimizers", "callbacks", "models"])
def test_an_import_of_what_is_missing_keeps_the_whole_sentence(module):
    with pytest.raises(ImportError, match=f"minigrad.{module} has no 'Nonsense'.* Covered are"):
        exec(f"from minigrad.{module} import Nonsense")
    assert not hasattr(getattr(mg, module), "Nonsense")


# -- a student's own names -----------------------------------------------------------------
OWN = ("parts", "own", "count", "title", "results", "sign", "prepare", "logs", "runner", "network")


def test_a_layer_of_one_s_own_may_use_any_ordinary_name():
    class Mine(mg.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            for name in OWN:
                setattr(self, name, f"my {name}")
            self.parts = [mg.layers.Dense(3), mg.layers.Dense(2)]

        def build(self, input_shape):
            self.own = self.add_weight((input_shape[-1],), "ones", name="own")

        def call(self, inputs):
            for part in self.parts:
                inputs = part(inputs)
            return inputs

    class AsWeight(mg.layers.Layer):
        def build(self, input_shape):
            for name in OWN:
                setattr(self, name, self.add_weight((input_shape[-1],), "ones", name=name))

        def call(self, inputs):
            for name in OWN:
                inputs = inputs * getattr(self, name)
            return inputs

    model = mg.Sequential([mg.Input((4,)), AsWeight(), Mine(), mg.layers.Dense(2)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert len(model.weights) == len(OWN) + 1 + 4 + 2
    # all but Mine's own, which its formula does not use
    assert changed.count(False) == 1
    assert model.layers[1].title == "my title" and model.layers[1].count == "my count"


def test_a_model_of_one_s_own_may_use_them_too():
    class Mine(mg.Sequential):
        def __init__(self, *layers):
            super().__init__(layers)
            for name in OWN:
                if name != "network":  # public: the graph of a batch size
                    setattr(self, name, name)

    model = Mine(mg.Input((4,)), mg.layers.Dense(2))
    model.compile("sgd", "mse", metrics=["mse"])
    assert len(model.fit(X, Y, verbose=0).history) == 2 and model.runner == "runner"


# -- adding one of each --------------------------------------------------------------------
def test_a_layer_from_outside_needs_its_class_and_nothing_else():
    class Scale(mg.layers.Layer):
        """x · factor: a number for each column."""

        def __init__(self, start=1.0, **options):
            super().__init__(**options)
            self.start = start

        def build(self, input_shape):
            start = mg.initializers.Constant(self.start)
            self.factor = self.add_weight((input_shape[-1],), start, name="factor")

        def call(self, inputs):
            return inputs * self.factor

    def model():
        layers = [mg.Input((4,)), Scale(0.5, name="scale"), mg.layers.Dense(2, name="dense")]
        return mg.Sequential(layers, name="m")

    planned, walked = model(), model()
    walked.set_weights(planned.get_weights())
    for each, eagerly in ((planned, False), (walked, True)):
        each.compile("adam", "mse", run_eagerly=eagerly)
        each.fit(np.arange(16.0).reshape(4, 4), Y, epochs=3, batch_size=2, shuffle=False, verbose=0)
    for a, b in zip(planned.get_weights(), walked.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert not np.allclose(planned.layers[0].factor.value, 0.5)

    lines: list[str] = []
    planned.summary(print_fn=lines.append)
    assert "scale (Scale)" in lines[0]
    assert planned.weights[0].name == "scale/factor"


def test_a_layer_from_outside_is_named_where_keras_cannot_know_it(keras):
    class Scale(mg.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    with pytest.raises(ValueError, match='Scale "mine" is no layer of minigrad'):
        mg.interop.to_keras(mg.Sequential([mg.Input((4,)), Scale(name="mine")]))


def test_what_a_layer_is_made_of_is_read_from_its_class(keras):
    """A layer that is added to minigrad is handed over without being listed anywhere."""
    from minigrad.shared.arguments import configuration

    for kind, arguments in LAYERS.items():
        if kind == "InputLayer":
            continue
        mine = getattr(mg.layers, kind)(*arguments)
        theirs = inspect.signature(getattr(keras.layers, kind)).parameters
        made = configuration(mine)
        wanted = [name for name in theirs if name in inspect.signature(type(mine)).parameters]
        not_covered = {
            "interpolation",
            "synchronized",
            "data_format",
            "dilation_rate",
            "groups",
            "noise_shape",
            "output_shape",
            "kwargs",
        }
        assert set(wanted) - not_covered <= set(made), kind


# -- documentation -------------------------------------------------------------------------
@pytest.mark.parametrize("kind", sorted(set(LAYERS) - {"InputLayer"}))
def test_every_argument_of_a_layer_is_documented(keras, kind):
    document = inspect.getdoc(getattr(mg.layers, kind))
    for name in inspect.signature(getattr(mg.layers, kind)).parameters:
        assert name == "options" or f"    {name}: " in document, name
    if kind in ("Dense", "Conv2D"):
        for name in ("kernel_regularizer", "bias_constraint", "name", "dtype", "input_shape"):
            assert f"    {name}: " in document, name
        assert "Input shape:" in document and "Output shape:" in document


@pytest.mark.parametrize(
    "hook", [name for name in vars(mg.callbacks.Callback) if name[:3] == "on_"]
)
def test_every_hook_says_what_it_is_given(hook):
    method = getattr(mg.callbacks.Callback, hook)
    for name in list(inspect.signature(method).parameters)[1:]:
        assert f"    {name}: " in inspect.getdoc(method)


# -- no circle -----------------------------------------------------------------------------
ROOMS = ("model", "layers", "losses", "callbacks", "metrics", "initializers", "shared")


def imports(path: Path) -> set[str]:
    """The modules of minigrad that a file imports, wherever in it; a package for its members."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minigrad"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if is_module(whole) else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("minigrad")}
    return found


def is_module(name: str) -> bool:
    path = ROOT.parent / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_no_file_of_these_rooms_imports_itself_by_way_of_others():
    paths = {p for room in ROOMS for p in (ROOT / room).glob("*.py")}
    paths |= {ROOT / f"{name}.py" for name in ("config", "utils", "models")}
    graph = {}
    for path in paths:
        name = ".".join(("minigrad", *path.relative_to(ROOT).with_suffix("").parts))
        own = name.removesuffix(".__init__")
        graph[own] = imports(path) - {own}
        if path.name == "__init__.py":  # a package gathers its files; they do not ask it back
            continue

    def reaches(start: str, goal: str, seen: set[str]) -> bool:
        for other in graph.get(start, ()):
            if other == goal or (other not in seen and reaches(other, goal, seen | {other})):
                return True
        return False

    assert [name for name in sorted(graph) if reaches(name, name, set())] == []


def test_files_are_short():
    lengths = []
    for room in ROOMS:
        for path in (ROOT / room).glob("*.py"):
            lengths.append(len(path.read_text(encoding="utf-8").splitlines()))
    assert sorted(lengths)[len(lengths) // 2] < 150
    for name in ("minigrad.model.sequential", "minigrad.model.compiled"):
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.FunctionDef):
                body = node.end_lineno - node.body[0].end_lineno  # without the docstring
                assert body < 60, node.name
