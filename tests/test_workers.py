"""A model that was handed over is trained by several workers with the losses of one."""

import re
import subprocess
import sys

import pytest

from minigrad_course.studies import workers

EPOCHS = 2


@pytest.fixture(scope="module")
def alone():
    """The losses of minigrad's own training with the same batches."""
    model, x, y = workers.network()
    options = {"batch_size": workers.BATCH, "shuffle": False, "verbose": 0}
    return model.fit(x, y, epochs=EPOCHS, **options).history["loss"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_workers_have_the_losses_of_one(backend, alone):
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    command = [sys.executable, "-m", workers.__name__, backend, "--epochs", str(EPOCHS)]
    done = subprocess.run(
        [*command, "--workers", "2"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("2 workers\n")
    losses = [float(loss) for loss in re.findall(r"loss ([0-9.]+)", done.stdout)]
    assert losses == pytest.approx(alone, rel=1e-4)


def test_a_worker_that_fails_ends_the_others():
    fails = "import json, os; i = json.loads(os.environ['TF_CONFIG'])['task']['index']; 1 / (1 - i)"
    command = [sys.executable, "-c", f"{fails}; import time; time.sleep(100)"]
    assert workers.start(2, command) != 0
