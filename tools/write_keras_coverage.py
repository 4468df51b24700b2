"""Write KERAS.md: every argument of Keras's for what minigrad covers, and what becomes of it.

    .venv/bin/python tools/write_keras_coverage.py

Nothing in the tables is written by hand. The arguments are read from the Keras that is installed;
each is handed to minigrad with a value that asks for something, and minigrad's answer is noted.
``tests/test_keras_coverage.py`` does the same and compares, so the file cannot go stale.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg

FILE = Path(__file__).resolve().parents[1] / "KERAS.md"

# Whatever is public in these modules is compared; what a call cannot do without, by argument.
MODULES = ("layers", "losses", "optimizers", "optimizers.schedules", "metrics", "initializers")
MODULES = (*MODULES, "regularizers", "callbacks", "utils")
BASES = ("InputLayer", "Layer", "Loss", "Optimizer", "Metric", "Mean", "Initializer", "Callback")
BASES = (*BASES, "CallbackList", "History", "LearningRateSchedule", "Regularizer")
NEEDED = {
    "activation": "relu",
    "boundaries": [5],
    "decay_rate": 0.5,
    "decay_steps": 5,
    "initial_learning_rate": 0.1,
    "values": [0.1, 0.2],
    "backup_dir": "folder",
    "dims": (1,),
    "filename": "log.csv",
    "filepath": "w.npz",
    "filters": 1,
    "kernel_size": 2,
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
        if is_alias or name in BASES or not (name[0].isupper() or module == "utils"):
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
    "save_weights": {"filepath": "no/folder/w.npz"},
    "set_weights": {"weights": []},
    "summary": {"print_fn": lambda text: None},
    "test_on_batch": {"x": X, "y": Y},
    "train_on_batch": {"x": X, "y": Y},
}

OPENING = """# What minigrad covers of Keras

A script that uses what is marked ✓ runs with `import minigrad as keras`. Everything else is refused where it is first used, with an error that names it. What goes beyond is Keras's part: `mg.interop.to_keras(model)` hands a model over with its weights and the optimizer's memory, and `mg.interop.from_keras` takes it back.

`tools/write_keras_coverage.py` has written the tables below, from Keras {version} and from minigrad's own errors; a test compares them.

## Where the two differ on purpose

| what | Keras | minigrad |
|---|---|---|
| NaN or infinity in the data, a set with no samples, `batch_size=0` | trains in silence | an error before anything has changed |
| a loss that becomes NaN or infinite | training goes on in silence | an error that names step and layer, or `TerminateOnNaN` ends training; the weights are those before the step |
| a cross-entropy after `activation="sigmoid"` | takes the numbers before the sigmoid for those before a softmax | the definition; Keras gives the same for the same predictions as an array |
| `compile(run_eagerly=True)` | TensorFlow's operations one by one | the graph is walked node by node; by default it becomes a plan |
| `save_weights` | `.weights.h5` | `.weights.npz`, NumPy's own format |
| `save`, `export`, `to_json`, `get_config` | whole models | an error: `to_keras(model).save("model.keras")` saves one |
| `compile` in a callback while `fit` is under way | the old functions go on | an error |
| `decay=` in an optimizer | a warning, and no decay | an error that names `optimizers.schedules.InverseTimeDecay` |
| `LearningRateScheduler`, `ReduceLROnPlateau` beside a schedule | an error when the rate is to change | the error when `fit` begins |
| a generator that has ended | its first two batches come again in the next epoch | training ends, with a warning |
| `class_weight` of a class that there is not | is ignored | an error before anything has changed |
| `BackupAndRestore` | weights and optimizer | the state of random numbers as well: training goes on bit for bit |
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


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
    print(f"{FILE.name}: {len(FILE.read_text(encoding='utf-8').splitlines())} lines")
