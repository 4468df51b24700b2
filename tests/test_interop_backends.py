"""Keras computes on several backends, one in each process: optimizers cross to all of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from both_ways import RULES


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_optimizer_goes_there_and_back(backend):
    pytest.importorskip(backend)
    program = Path(__file__).with_name("handing_over.py")
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [backend, str(len(RULES))]
