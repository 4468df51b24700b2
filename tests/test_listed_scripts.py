"""Public scripts and notebooks, in words of our own: the same calls in the same order, both ways.

Each stands in ``scripts/`` as it runs with Keras, and says after what it was written. The import
lines are rewritten, nothing else. Pictures are few, every weight starts from the same numbers,
samples come in the order of the set, and dropout drops nothing: then losses have to agree.
"""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

import minigrad

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"), key=lambda path: path.stem)
IMPORTS = {
    r"^import tensorflow as tf$": "import minigrad as tf",
    r"^from tensorflow import keras$": "from minigrad import keras",
    r"^from tensorflow\.keras": "from minigrad.keras",
    r"^import keras$": "import minigrad as keras",
    r"^from keras\b": "from minigrad",
}
TRAIN, TEST = slice(96), slice(96, 128)
PICTURES, LABELS = minigrad.datasets.fashion_mnist.load_data()[0]
# Where the two differ on purpose: here the remark is wanted, there other numbers are expected.
DIFFERENT = {"bits_sigmoid_before_cross_entropy": "softmax"}


def few():
    """Some pictures as Keras's data sets give them."""
    pair = [(PICTURES[part], LABELS[part]) for part in (TRAIN, TEST)]
    return tuple((x.copy(), y.copy()) for x, y in pair)


def few_in_color():
    def colored(x):
        return np.repeat(np.pad(x, ((0, 0), (2, 2), (2, 2)))[..., None], 3, axis=3)

    return tuple((colored(x), y[:, None]) for x, y in few())


def numbers(shape):
    """Initial weights of a shape, in both libraries."""
    limit = np.sqrt(6 / (np.prod(shape[:-2]) * sum(shape[-2:])))
    return np.random.default_rng(list(shape)).uniform(-limit, limit, shape)


def same_start(monkeypatch, keras):
    """Have both libraries begin with the same weights, and drop nothing."""
    import tensorflow as tf

    def draw(initializer, shape, dtype=None, **_):
        return tf.convert_to_tensor(numbers(shape), dtype or "float32")

    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", draw)
    monkeypatch.setattr(
        minigrad.initializers.VarianceScaling,
        "_draw",
        lambda self, generator, shape: numbers(shape),
    )
    for library in (keras, minigrad):
        monkeypatch.setattr(
            library.layers.Dropout, "call", lambda self, inputs, training=False: inputs
        )


def few_pictures(monkeypatch):
    """Have every data set of both libraries give a few pictures."""
    for name in ("mnist", "fashion_mnist"):
        monkeypatch.setattr(minigrad.datasets, name, SimpleNamespace(load_data=few))
    pattern = re.compile(r"(?!minigrad).*keras\.datasets\.(mnist|fashion_mnist|cifar10)$")
    for name, module in list(sys.modules.items()):
        if found := pattern.match(name):
            load = few_in_color if found[1] == "cifar10" else few
            monkeypatch.setattr(module, "load_data", load)


def noting(monkeypatch, library):
    """Note what every fit and evaluate gives."""
    noted, fitting = [], []
    fit, evaluate = library.Model.fit, library.Model.evaluate

    def noted_fit(model, *arguments, **options):
        fitting.append(model)
        history = fit(model, *arguments, **{**options, "shuffle": False})
        fitting.pop()
        noted.append(dict(history.history))
        return history

    def noted_evaluate(model, *arguments, **options):
        result = evaluate(model, *arguments, **options)
        if not fitting:  # Keras's fit validates by evaluate
            told = list(result.values()) if isinstance(result, dict) else np.atleast_1d(result)
            noted.append({"evaluate": list(told)})
        return result

    monkeypatch.setattr(library.Model, "fit", noted_fit)
    monkeypatch.setattr(library.Model, "evaluate", noted_evaluate)
    return noted


def run(path, library, folder):
    """Run a script, with import lines of this library."""
    text = path.read_text(encoding="utf-8")
    if library is minigrad:
        for old, new in IMPORTS.items():
            text = re.sub(old, new, text, flags=re.M)
        assert not re.search(r"^(from|import) (keras|tensorflow)", text, flags=re.M)
    url = (folder.parent / "mnist.npz").as_uri()
    names = {"__name__": path.stem, "DATA_URL": url}
    exec(compile(text, path, "exec"), names)
    return names.get("RESULT")


@pytest.fixture
def stage(monkeypatch, tmp_path, keras):
    """Both libraries made comparable, and files that scripts read."""
    import tensorflow as tf

    tf.keras.datasets.cifar10  # noqa: B018 (imported, to be changed below)
    matplotlib.use("Agg")
    (x, y), (x_test, y_test) = few()
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    for name, pixels, labels in (("train", x, y), ("test", x_test, y_test)):
        table = np.column_stack([labels, pixels.reshape(len(pixels), -1)])
        head = ",".join(["label", *(f"pixel{i}" for i in range(1, 785))])
        np.savetxt(tmp_path / f"{name}.csv", table, "%d", ",", header=head, comments="")
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / "keras"))
    same_start(monkeypatch, keras)
    few_pictures(monkeypatch)
    tf.config.run_functions_eagerly(True)  # tracing takes longer than these few steps
    yield tmp_path
    tf.config.run_functions_eagerly(False)


def both(path, folder, monkeypatch, keras):
    for library in (keras, minigrad):
        here = folder / library.__name__
        here.mkdir()
        for name in ("train", "test"):
            (here / f"fashion-mnist_{name}.csv").write_bytes((folder / f"{name}.csv").read_bytes())
        with monkeypatch.context() as patch:
            patch.chdir(here)
            noted = noting(patch, library)
            result = run(path, library, here)
        yield noted, result


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_listed_script_trains_as_with_keras(path, stage, monkeypatch, keras, capsys):
    (theirs, wanted), (mine, result) = both(path, stage, monkeypatch, keras)
    assert len(mine) == len(theirs)
    for noted, other in zip(mine, theirs, strict=True):
        assert set(noted) == set(other)
        for name in noted if path.stem not in DIFFERENT else ():
            close(noted[name], other[name], name)
    if wanted is not None:
        flat = [np.hstack([np.ravel(each) for each in told]) for told in (result, wanted)]
        if flat[1].dtype.kind in "fi":
            np.testing.assert_allclose(*flat, rtol=2e-3)
        else:
            assert result == wanted


def close(values, wanted, name):
    """Losses to a few thousandths; of accuracies, a picture may be on the edge."""
    edge = 1.01 / len(LABELS[TEST]) if "acc" in name or name == "evaluate" else 0
    np.testing.assert_allclose(values, wanted, rtol=3e-3, atol=edge, err_msg=name)


def test_there_are_as_many_as_were_looked_at():
    assert len(SCRIPTS) == 48
    for path in SCRIPTS:
        assert path.read_text(encoding="utf-8").startswith('"""After '), path
