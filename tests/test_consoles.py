"""Tables and progress on consoles that do not know every character."""

import os
import subprocess
import sys

import pytest

CONSOLES = [{"PYTHONIOENCODING": name} for name in ("cp1252", "cp437", "ascii", "latin-1", "utf-8")]
CONSOLES.append({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})


@pytest.mark.parametrize("console", CONSOLES, ids=lambda c: next(iter(c.values())))
def test_tables_and_progress_on_any_console(console):
    code = (
        "import numpy as np, minigrad as mg\n"
        "m = mg.Sequential([mg.Input((4, 4, 1)), mg.layers.Conv2D(2, 2, name='\\u03c0'), "
        "mg.layers.Flatten(), mg.layers.Dense(1)])\n"
        "m.compile('sgd', 'mse'); m.summary(); print(m.plan(8))\n"
        "m.fit(np.ones((4, 4, 4, 1)), np.ones((4, 1)), verbose=1, epochs=2)\n"
        "m.evaluate(np.ones((4, 4, 4, 1)), np.ones((4, 1)))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONIO", "LC_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**environment, **console}
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    text = done.stdout
    assert b"Total params: 29" in text and b"Memory:" in text and b"loss" in text
