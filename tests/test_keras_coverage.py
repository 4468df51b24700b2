"""KERAS.md says what Keras's arguments become here, and says the truth."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "KERAS.md"


@pytest.fixture(scope="module")
def writer():
    spec = importlib.util.spec_from_file_location(
        "writer", ROOT / "tools" / "write_keras_coverage.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
def test_the_tables_are_what_the_two_libraries_say(writer, keras):
    stored = FILE.read_text(encoding="utf-8")
    if f"Keras {keras.__version__} " not in stored:
        pytest.skip(f"KERAS.md is about another version than {keras.__version__}")
    assert writer.document().splitlines() == stored.splitlines(), (
        "tools/write_keras_coverage.py writes the file anew"
    )


@pytest.mark.parametrize("library", ["keras", "tensorflow"])
def test_the_list_of_names_is_that_of_the_version_installed(library, writer, keras):
    if f"Keras {keras.__version__} " not in FILE.read_text(encoding="utf-8"):
        pytest.skip(f"the list is of another version than {keras.__version__}")
    stored = (writer.SHARED / f"{library}_names.txt").read_text(encoding="ascii")
    assert stored == writer.names(library)


@pytest.mark.parametrize(
    "line",
    [
        "| `kernel_constraint` | `None` | Dense: kernel_constraint=… is not covered by minigrad; "
        "leave it at None |",
        "| `batch_size` | `None` | ✓ |",
        "| `units` |  | ✓ |",
        "| `nesterov` | `False` | ✓ |",
    ],
)
def test_lines_that_must_be_there(line):
    assert line in FILE.read_text(encoding="utf-8").splitlines()


def test_every_layer_and_loss_and_optimizer_has_a_table(writer):
    import minigrad as mg

    text = FILE.read_text(encoding="utf-8")
    for module in writer.MODULES:
        tables = writer.compared(module)
        assert tables
        for name in tables:
            assert f"### `{module}.{name}`" in text
    assert set(writer.compared("layers")) > {"Dense", "Conv2D", "Flatten"}
    for name in mg.layers.__all__:  # nothing is left out but base classes and short names
        short = getattr(mg.layers, name).__name__ != name
        assert short or name in writer.BASES or name in writer.compared("layers")
