"""A process that is killed while it saves leaves a whole file, the old one or the new one."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from long_forms import has_a_long_form, times

import minigrad as mg
from minigrad.model import state_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and links of POSIX")

# A model whose weights are all the number of the save; each is saved over the one before.
CODE = """
import sys, minigrad as mg, numpy as np
from pathlib import Path
from minigrad.model import state_file
path, how = Path(sys.argv[1]), sys.argv[2]
m = mg.Sequential([mg.Input((400,)), mg.layers.Dense(800, name="d")])
m.compile("adam", "mse")
number = 0
while True:
    m.set_weights([np.full(w.shape, number) for w in m.get_weights()])
    if how == "weights":
        m.save_weights(path)
    else:
        state_file.write(path, m, number)
    number += 1
    print(number, flush=True)
"""


def model():
    made = mg.Sequential([mg.Input((400,)), mg.layers.Dense(800, name="d")])
    made.compile("adam", "mse")
    return made


@has_a_long_form
@pytest.mark.parametrize("what", ["weights", "state"])
def test_a_process_killed_while_it_saves(tmp_path, what, figures):
    cases, generator = times(8, 200), np.random.default_rng(0)
    path, mine, old = tmp_path / "w.npz", model(), 0
    for _ in range(cases):
        command = [sys.executable, "-c", CODE, str(path), what]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(generator.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            saved = process.stdout.read().split()
        if what == "weights":
            mine.load_weights(path)
        else:
            mine.set_weights([w + 0.5 for w in mine.get_weights()])
            epoch = state_file.read(path, mine)
        numbers = {float(n) for w in mine.get_weights() for n in np.unique(w)}
        last = int(saved[-1]) - 1 if saved else 0  # the last save that was reported
        assert len(numbers) == 1 and numbers <= {last, last + 1}
        assert what == "weights" or numbers == {epoch}
        old += numbers == {last}
    if what == "weights":
        mine.save_weights(path)
    else:
        state_file.write(path, mine, 0)
    assert list(tmp_path.iterdir()) == [path]  # and no litter stays
    figures(f"killed while saving {what}: {cases} times; a whole file each time, {old} the old one")
