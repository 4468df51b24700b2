"""Write KERAS.md: every argument of Keras's for what minigrad covers, and what becomes of it.

    .venv/bin/python tools/write_keras_coverage.py

Nothing in the tables is written by hand. The arguments are read from the Keras that is installed;
each is handed to minigrad with a value that asks for something, and minigrad's answer is noted.
``tests/test_keras_coverage.py`` does the same and compares, so the file cannot go stale.
"""

import contextlib
import importlib
import inspect
import re
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.shared.lookup import BORROWED

FILE = Path(__file__).resolve().parents[1] / "KERAS.md"
SHARED = Path(mg.__file__).parent / "shared"

# Whatever is public in these modules is compared; what a call cannot do without, by argument.
MODULES = ("layers", "losses", "optimizers", "optimizers.schedules", "metrics", "initializers")
MODULES = (*MODULES, "regularizers", "callbacks", "utils", "models")
LISTED = ("activations", "datasets", "config", "backend", "ops", "random", "saving")  # names only
BASES = ("InputLayer", "Layer", "Loss", "Optimizer", "Metric", "Mean", "Initializer", "Callback")
BASES = (
    *BASES,
    "Model",
    "Sequential",
    "CallbackList",
    "History",
    "LearningRateSchedule",
    "Regularizer",
)
NEEDED = {
    "activation": "relu",
    "boundaries": [5],
    "decay_rate": 0.5,
    "decay_steps": 5,
    "initial_learning_rate": 0.1,
    "json_string": mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)]).to_json(),
    "values": [0.1, 0.2],
    "backup_dir": "folder",
    "dims": (1,),
    "filename": "log.csv",
    "filepath": "w.npz",
    "filters": 1,
    "function": abs,
    "kernel_size": 2,
    "model": mg.Sequential([mg.Input((2,)), mg.layers.Dense(1)]),
    "rate": 0.5,
    "scale": 0.5,
    "schedule": abs,
    "seed": 1,
    "shape": (2,),
    "target_shape": (2,),
    "units": 1,
    "x": [0],
}
ALSO = {"ModelCheckpoint": {"save_weights_only": True}, "Input": {"shape": (2,)}}


def compared(module: str) -> dict[str, dict[str, Any]]:
    """The classes of a module that are compared, each with what it needs to be called."""
    found = {}
    here = attrgetter(module)(mg)
    for name in here.__all__:
        thing = getattr(here, name)
        is_alias = thing.__name__ != name
        if is_alias or name in BASES or not (name[0].isupper() or module in ("utils", "models")):
            continue
        wanted = [
            n for n, default in arguments(thing).items() if default is inspect.Parameter.empty
        ]
        found[name] = {n: NEEDED[n] for n in wanted} | ALSO.get(name, {})
    return found


X, Y = np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32)
METHODS: dict[str, dict[str, Any]] = {
    "add": {"layer": mg.layers.Dense(1)},
    "build": {"input_shape": (None, 3)},
    "compile": {"optimizer": "sgd", "loss": "mse"},
    "count_params": {},
    "evaluate": {"x": X, "y": Y, "verbose": 0},
    "fit": {"x": X, "y": Y, "verbose": 0},
    "get_layer": {"index": 0},
    "get_weights": {},
    "load_weights": {"filepath": "w.npz"},
    "pop": {},
    "predict": {"x": X, "verbose": 0},
    "predict_on_batch": {"x": X},
    "save": {"filepath": "no/folder/m.keras"},
    "save_weights": {"filepath": "no/folder/w.npz"},
    "set_weights": {"weights": []},
    "summary": {"print_fn": lambda text: None},
    "test_on_batch": {"x": X, "y": Y},
    "train_on_batch": {"x": X, "y": Y},
}

OPENING = """# What minigrad covers of Keras

A script that uses what is marked ✓ runs with `import minigrad as keras`, with `from minigrad import keras`, or with `import minigrad as tf` where it says `tf.keras`; `from tensorflow.keras.layers import Dense` becomes `from minigrad.keras.layers import Dense`. Everything else is refused where it is first used, with an error that names it. What goes beyond is Keras's part: `mg.interop.to_keras(model)` hands a model over with its weights and the optimizer's memory, and `mg.interop.from_keras` takes it back. `python -m minigrad_course.studies.workers tensorflow --workers 2` shows how a model that was handed over is trained by several processes or machines, and with `jax` by several devices.

`tools/write_keras_coverage.py` has written the tables below, from Keras {version} and from minigrad's own errors; a test compares them.

## Where the two differ on purpose

| what | Keras | minigrad |
|---|---|---|
| NaN or infinity in the data, a set with no samples, `batch_size=0` | trains in silence | an error before anything has changed |
| a loss that becomes NaN or infinite | training goes on in silence | an error that names step and layer, or `TerminateOnNaN` ends training; the weights are those before the step (or, where the step before had lost them already, before the epoch) |
| a cross-entropy after `activation="sigmoid"` | takes the numbers before the sigmoid for those before a softmax | the definition; Keras gives the same for the same predictions as an array |
| `binary_crossentropy` after `activation="softmax"` | takes the numbers before the softmax for those before a sigmoid | the definition, with a warning |
| a metric of one's own, targets of shape (n,), predictions (n, 1) | gets both as they are, of which `t - p` makes n × n numbers | gets targets of shape (n, 1), as losses do |
| `compile(run_eagerly=True)` | TensorFlow's operations one by one | the graph is walked node by node; by default it becomes a plan |
| `save_weights`, `load_weights` | `.weights.h5` | also `.weights.npz`, NumPy's own format, which needs nothing else; `.weights.h5` needs Keras, which writes and reads it |
| `save`, `load_model` | `.keras`, `.h5` | the same, by Keras itself; without it, a sentence that says what to install |
| `load_model(safe_mode=False)` | executes what a file says | an error |
| `save`, `to_json` of a model with a layer or a function of one's own | a file that names it | an error: `save_weights` keeps its weights, in `.weights.h5` as well |
| `export`, a model's `get_config` | whole models | an error that names what there is |
| a model or a layer called on arrays | a tensor of the framework | an array of NumPy's with `.numpy()`; of a node it builds the graph, `mg.Constant(x)` makes one |
| `Input(batch_size=4)`, `batch_shape=(4, …)` | a part of the shape | a model takes batches of any size; shapes say `None` |
| `layer.get_config()` | names and dictionaries that can be written down | the arguments themselves, which `from_config` takes |
| `mnist.load_data(path)` | a name in the cache | the same; also a folder, or a file `.npz` that exists |
| `summary(line_length=, positions=)` | the width of the table | accepted; a column is as wide as what stands in it |
| `plot_model` | layers, as `.png` | the graph of operators, as `.svg`; another ending is replaced, with a warning |
| `tf.data`, `datasets.cifar10`, `utils.get_file` and others that give arrays or batches | TensorFlow's and Keras's own | the same, where they are installed |
| `tf.GradientTape` | notes what is computed | layers called inside give nodes, and `gradient` goes along the graph of the loss |
| `tf.argmax`, `ops.argmax` without an axis, of several | the first axis, and all of them | an error: `axis=` says which |
| `tf.split`, `ops.split` with a list | lengths, and places | an error: `num_or_size_splits=` or `indices_or_sections=` says which |
| `random.normal`, `random.uniform` within a `call` that `fit` uses | other numbers in each step | an error: they would be drawn once; `random.dropout` draws in each |
| a layer called on `Input` with `training=True` | counts where the model is called on arrays, not in `predict` | an error |
| `losses.get("mse")` | a function, a number for each sample | the loss, whose call gives the mean |
| `metrics.Precision()` made again in a session | has the name `precision_1` | `precision`: only two in one model are told apart |
| `tf.__version__` | that of TensorFlow | that of minigrad, which `assert tf.__version__ >= "2"` stops at |
| `tf.function` | makes a graph of a function | leaves the function as it is |
| several outputs: the loss of one over batches of unequal sizes | a mean of the batches | a mean of the samples, as of the whole loss |
| several outputs: `sample_weight` as a list or dictionary that leaves an output out | an error | there all samples count alike |
| `compile` in a callback while `fit` is under way | the old functions go on | an error |
| `decay=` in an optimizer | a warning, and no decay | an error that names `optimizers.schedules.InverseTimeDecay` |
| `LearningRateScheduler`, `ReduceLROnPlateau` beside a schedule | an error when the rate is to change | the error when `fit` begins |
| validation by steps of a generator | its first two batches come again in each epoch | it goes on where it stopped |
| a generator that has ended | its first two batches come again in the next epoch | training ends, with a warning |
| `class_weight` of a class that there is not | is ignored | an error before anything has changed |
| `BackupAndRestore` | weights and optimizer | the state of random numbers as well: where an epoch is the whole set, training goes on bit for bit |
| random numbers | TensorFlow's generators | NumPy's: the same seed gives other initial weights, another order of samples and other dropout masks |
"""


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    """Arguments of a function or class and their defaults."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind in kinds and p.name != "self"}


def answer(call: Callable[..., Any], given: dict[str, Any], argument: str) -> str:
    """What minigrad says to an argument: nothing where it takes it."""
    for value in ("something", 0.5):  # one of them is not the default, whatever that is
        try:
            with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
                with warnings.catch_warnings(action="ignore"):
                    call(**{**given, argument: value})
        except Exception as error:
            text = " ".join(str(error).replace(repr(value), "…").split())
            if re.search("not covered by minigrad; leave|unexpected keyword|has no argument", text):
                return text
    return ""


def rows(call: Any, theirs: dict[str, Any], given: dict[str, Any]) -> Iterator[str]:
    for argument, default in theirs.items():
        refused = answer(call, given, argument)
        shown = "" if default is inspect.Parameter.empty else f"`{default!r}`"
        yield f"| `{argument}` | {shown} | {refused or '✓'} |"


def table(title: str, lines: list[str]) -> Iterator[str]:
    yield f"\n### `{title}`\n"
    if not lines:
        yield "No arguments.\n"
        return
    yield "| argument | default in Keras | minigrad |\n|---|---|---|"
    yield from lines


def document() -> str:
    """The whole file as text."""
    keras = mg.interop.import_keras()
    common = arguments(keras.layers.Layer.__init__)
    parts = [OPENING.format(version=keras.__version__)]
    for module in MODULES:
        covered = [
            n for n in attrgetter(module)(mg).__all__ if hasattr(attrgetter(module)(keras), n)
        ]
        parts.append(f"\n## `keras.{module}`\n\nCovered: {', '.join(f'`{n}`' for n in covered)}.")
        for name, given in compared(module).items():
            theirs = getattr(attrgetter(module)(keras), name)
            taken = arguments(theirs)
            if inspect.isclass(theirs) and issubclass(theirs, keras.layers.Layer):
                taken |= {k: v for k, v in common.items() if k not in taken}
            parts += table(
                f"{module}.{name}", list(rows(getattr(attrgetter(module)(mg), name), taken, given))
            )
    parts += [*lists(keras), *attributes(keras)]
    parts.append("\n## `keras.Sequential`")
    parts += table(
        "Sequential", list(rows(mg.Sequential, arguments(keras.Sequential.__init__), {}))
    )
    tensor = mg.Input((3,))
    parts.append("\n## `keras.Model`\n\nA model of inputs and outputs, or a class with a `call`.")
    parts += table(
        "Model",
        list(
            rows(
                mg.Model,
                {
                    **dict.fromkeys(
                        ("inputs", "outputs", "name", "trainable"), inspect.Parameter.empty
                    )
                },
                {"inputs": tensor, "outputs": tensor},
            )
        ),
    )
    for name, given in METHODS.items():

        def call(name: str = name, **options: Any) -> None:
            model = mg.Sequential([mg.Input((3,)), mg.layers.Dense(1)])
            model.compile("sgd", "mse")
            getattr(model, name)(**options)

        theirs = arguments(getattr(keras.Sequential, name))
        parts += table(f"Sequential.{name}", list(rows(call, theirs, given)))
    return "\n".join(parts) + "\n"


def lists(keras: Any) -> Iterator[str]:
    """Modules whose functions take what Keras's take, or stand for a name alone."""
    for module in LISTED:
        here = getattr(mg, module)
        theirs = getattr(keras, module)
        own = [name for name, home in BORROWED.items() if home == f"keras.{module}"]
        found = {n for n in public(theirs) if hasattr(here, n)}
        found |= {*here.__all__} if module == "random" else set()
        yield f"\n## `keras.{module}`\n\nCovered: {quoted(sorted(found - {*own}))}.\n"
        if own:
            yield f"Keras's own, where it is installed: {quoted(own)}.\n"
        missing = [n for n in public(theirs) if not hasattr(here, n)]
        yield f"Not covered: {quoted(missing)}." if missing else "That is all there is."
    named = sorted({n for n in mg.initializers.NAMES if n.islower()})
    yield f"\nNames of initializers: {quoted(named)}."


def attributes(keras: Any) -> Iterator[str]:
    """What can be asked of a model, a layer, a weight, an optimizer; the hooks of a callback."""

    def things(library: Any) -> dict[str, Any]:
        model = library.Sequential([library.Input((3,)), library.layers.Dense(1)])
        model.compile("sgd", "mse")
        callback = library.callbacks.Callback()
        model.fit(X, Y, verbose=0, callbacks=[callback])
        return {
            "Of a model": model,
            "Of a layer": model.layers[0],
            "Of a weight": model.layers[0].kernel,
            "Of an optimizer": model.optimizer,
            "Of a callback": callback,
        }

    yield "\n## Attributes and methods"
    mine = things(mg)
    for what, theirs in things(keras).items():
        names = public(theirs)
        has = [n for n in names if hasattr(mine[what], n)]
        yield f"\n### {what}\n\nCovered: {quoted(has)}.\n"
        yield f"Not covered: {quoted(n for n in names if n not in has)}."


def quoted(names: Any) -> str:
    return ", ".join(f"`{n}`" for n in names) or "nothing"


def names(library: str) -> str:
    """All names that are public in a library's modules, for the errors about those not covered."""
    module = mg.interop.import_keras()
    inside = set(public(module)) - {"src", "dtype_policies", "export"}
    if library == "tensorflow":
        module = importlib.import_module("tensorflow")
        inside = {"config", "math", "nn", "random"}
    found = set(public(module))
    for name in inside:
        if inspect.ismodule(part := getattr(module, name)):
            found.update(public(part))
    return textwrap.fill(" ".join(sorted(found)), 100, break_long_words=False) + "\n"


def public(module: Any) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]


if __name__ == "__main__":
    for library in ("keras", "tensorflow"):
        (SHARED / f"{library}_names.txt").write_text(names(library), encoding="ascii")
    FILE.write_text(document(), encoding="utf-8")
    print(f"{FILE.name}: {len(FILE.read_text(encoding='utf-8').splitlines())} lines")
