"""``python -m minigrad train``, as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from schema import complaints

import minigrad as mg
from minigrad_course.studies.train import reference_network

COMMAND = [sys.executable, "-m", "minigrad", "train"]
DATA = Path(mg.__file__).parent.parent / "data" / "fashion-mnist"


def command(*words, **options):
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        **options,
    )


def test_it_trains_says_how_it_went_and_writes_what_was_asked_for(tmp_path):
    weights, figures = tmp_path / "w.weights.npz", tmp_path / "figures.json"
    done = command(
        *("--data", DATA, "--epochs", 2, "--pictures", 1000, "--batch-size", 50, "--seed", 1),
        *("--optimizer", "adam", "--learning-rate", 0.002, "--eager"),
        *("--save", weights, "--json", figures),
    )
    assert done.returncode == 0, done.stderr
    assert "Epoch 2/2" in done.stdout and "20/20" in done.stdout and "/step" in done.stdout
    assert "test accuracy" in done.stdout and "pictures per second" in done.stdout
    told = json.loads(figures.read_text())
    assert told["pictures"] == 1000 and told["optimizer"] == "adam" and told["eager"] is True
    assert told["learning_rate"] == 0.002 and len(told["history"]["loss"]) == 2
    assert told["test_accuracy"] > 0.6
    assert complaints(told, "train") == []

    (_, _), (x, y) = mg.datasets.fashion_mnist.load_data()
    model = reference_network()
    model.load_weights(weights)
    guesses = model.predict(x / 255, batch_size=1000, verbose=0).argmax(axis=1)
    assert np.mean(guesses == y) == pytest.approx(told["test_accuracy"])


@pytest.mark.parametrize(
    "words, message",
    [
        (["--epochs", "0"], "--epochs: a whole number of at least 1, not '0'"),
        (["--batch-size", "x"], "--batch-size: a whole number"),
        (["--learning-rate", "-1"], "--learning-rate: a positive number"),
        (["--learning-rate", "nan"], "--learning-rate: a positive number"),
        (["--optimizer", "rmsprop"], "invalid choice: 'rmsprop'"),
        (["--save", "weights.h5"], "the name ends in .npz"),
        (["--json", "missing/figures.json"], "there is no folder 'missing'"),
        (["--seed", "-3"], "--seed"),
        (["--pictures", "60001"], "there are 60000"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_done(words, message, tmp_path):
    done = command(*words, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr
    assert "Epoch" not in done.stdout and not list(tmp_path.iterdir())


def test_a_folder_without_data_is_named(tmp_path):
    done = command("--data", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a POSIX signal")
def test_control_c_ends_cleanly_and_keeps_what_was_learned(tmp_path):
    weights = tmp_path / "w.npz"
    process = subprocess.Popen(
        [*COMMAND, "--epochs", "1000", "--pictures", "1000", "--save", str(weights)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
        # a shell that runs the tests in the background may have made us deaf to Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Epoch 2"):
            break
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after" in out and "Traceback" not in err
    model = reference_network()
    model.load_weights(weights)
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
