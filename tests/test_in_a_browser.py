"""Python in a browser, as JupyterLite has it: what is missing there is taken away here.

No thread, no process, no handle on BLAS, no folder for a cache. The same program runs once as
usual and once without all that, and has to find the same numbers.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TAKEN_AWAY = """
import ctypes, os, subprocess, sys, threading

def refused(reason):
    def refuse(*arguments, **named):
        used.append(reason)
        raise reason
    return refuse

used = []
sys.platform = "emscripten"
os.cpu_count = lambda: 8  # the machine's, as a browser tells
for name in ("fork", "forkpty", "posix_spawn", "register_at_fork", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
threading.Thread.start = refused(RuntimeError("can't start new thread"))
subprocess.Popen.__init__ = refused(OSError(138, "emscripten does not support processes."))
ctypes.CDLL.__init__ = refused(OSError("dynamic linking not enabled"))
for name in ("multiprocessing", "concurrent.futures.process", "threadpoolctl", "tqdm"):
    sys.modules[name] = None
"""

PROGRAM = """
import json
import numpy as np
import minigrad as mg

mg.set_threads({threads})
(x, y), (x_test, y_test) = mg.datasets.fashion_mnist.load_data()
x, y = x[:1024, ..., np.newaxis] / np.float32(255), y[:1024]

def trained(**how):
    mg.utils.set_random_seed(1)
    model = mg.Sequential([
        mg.Input((28, 28, 1)),
        mg.layers.Conv2D(16, 3, activation="relu"),
        mg.layers.MaxPooling2D(),
        mg.layers.Flatten(),
        mg.layers.Dropout(0.1),
        mg.layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
    return model, model.fit(x, y, 256, 2, verbose=0, validation_split=0.25).history

model, history = trained()
_, by_node = trained(run_eagerly=True)
plan = model.plan(256)
z = mg.Variable(5.0, name="z")
drawn = mg.display.draw(np.sin(z * z)).svg()
print(json.dumps({{
    "history": history,
    "by node": by_node,
    "predictions": model.predict(x[:5], verbose=0).tolist(),
    "plan": [row.kernel for row in plan.rows],
    "gradients agree": mg.check_gradient(np.tanh, np.array([0.5, -1.0])).ok,
    "drawn": len(drawn) > 1000 and drawn.startswith("<svg"),
    "shown": model._repr_html_()[:7],
    "asked in vain": sorted({{type(each).__name__ for each in globals().get("used", ())}}),
}}))
"""


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def nowhere(tmp_path) -> dict[str, str]:
    """A home that cannot be: what should be a folder is a file."""
    (tmp_path / "file").touch()
    home = str(tmp_path / "file" / "home")
    return {"HOME": home, "USERPROFILE": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home}


@pytest.fixture(scope="module")
def usual() -> str:
    return python(PROGRAM.format(threads=1)).stdout


@pytest.mark.parametrize("threads", [None, 4])
def test_it_trains_plans_loads_and_draws_where_nothing_but_python_is(nowhere, usual, threads):
    bare = python(TAKEN_AWAY + PROGRAM.format(threads=threads), **nowhere)
    assert bare.returncode == 0, bare.stderr
    assert bare.stderr == ""
    found, wanted = json.loads(bare.stdout), json.loads(usual)
    assert found.pop("history").keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name in ("history", "by node"):
        for metric, values in wanted.pop(name).items():
            ours = json.loads(bare.stdout)[name][metric]
            assert ours == pytest.approx(values, rel=1e-4), (name, metric)
    assert found.pop("predictions") == [
        pytest.approx(row, abs=1e-4) for row in wanted.pop("predictions")
    ]
    found.pop("by node")
    # for a handle on BLAS; never for a thread or a process
    assert found.pop("asked in vain") == ["OSError"] and wanted.pop("asked in vain") == []
    assert found == wanted
    assert found["gradients agree"] and found["drawn"]


def test_the_course_comes_along(nowhere):
    """What the lectures for the browser import, and a picture by matplotlib."""
    code = (
        # other people's packages know by themselves where they are
        "import os, tempfile; os.environ['MPLCONFIGDIR'] = tempfile.mkdtemp()\n"
        "import ipywidgets, matplotlib.pyplot\n"
        + TAKEN_AWAY
        + "import minigrad as mg, minigrad_course.explorers as explorers\n"
        + "from minigrad_course import chance, lessons, series\n"
        + "import numpy as np\n"
        + "print(mg.display.show_images(np.zeros((2, 28, 28)), [1, 2], alt='two'))\n"
        + "print(explorers.staircases())\n"
        + "lessons.exercise('02.1').check(lessons.todo)\n"
    )
    done = python(code, **nowhere)
    assert done.stderr == ""
    assert done.stdout.startswith("<Figure: two>") and "02.1 is not attempted" in done.stdout


def test_data_that_cannot_be_kept_are_a_sentence(nowhere):
    code = (
        TAKEN_AWAY
        + "import minigrad.shared.download as d, pathlib\n"
        + "d.store(b'abc', d.cache_folder() / 'a' / 'b.gz')"
    )
    assert "file/home" in python(code, **nowhere).stderr.splitlines()[-1]
