"""Every peer of the benchmark does the same work, and all of it."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad_course.studies import bench, children, measure
from minigrad_course.studies.measure import Task
from minigrad_course.studies.networks import NETWORKS, initial_weights

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("network", ["reference", "lenet"])  # those without dropout
def test_six_steps_from_the_same_weights_lead_every_peer_to_the_same_accuracy(network):
    # Walked node by node, the evaluation would take minutes; that it agrees is tested elsewhere.
    peers, _ = bench.installed(["minigrad", "keras", "torch", "jax"])
    # A batch as large as the set: its order cannot matter. One step apart, one in each epoch.
    reached = {}
    for peer in peers:
        task = Task(peer, network, batch=300, pictures=300, epochs=5, goal=1.0)
        reached[peer] = measure.run_fresh(task)["accuracies"][-1]
    # Ten thousand pictures, of which rounding may turn a few that were about to be turned.
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached
    assert min(reached.values()) > 0.12, "six steps should be better than chance"


def printed(program, *words):
    """The last word that a program prints, run in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env=children.environment(threads=1),
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()[-1]


# Prints the test accuracy of a network that has not learned.
UNTRAINED = """
import importlib, sys
import minigrad
(x, y), test = minigrad.datasets.fashion_mnist.load_data()
program = importlib.import_module(f"minigrad_course.studies.peers.{sys.argv[1]}_peer")
peer = program.Peer(sys.argv[2], 2, 1)
print(peer.accuracy(peer.prepare(test[0].astype("float32")[..., None] / 255, test[1])))
"""


@pytest.mark.parametrize("network", ["convnet", "cnn"])
def test_the_same_weights_make_every_peer_as_right(network):
    """With dropout each learns in its own way, but what they begin as is the same network."""
    peers, _ = bench.installed(["minigrad", "keras", "torch", "jax"])
    reached = {peer: float(printed(UNTRAINED, peer, network)) for peer in peers}
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached


# Trains on five copies of one faint picture, two at a time, and prints the test accuracy.
COPIES = """
import importlib, sys
import numpy as np, minigrad
(x, y), test = minigrad.datasets.fashion_mnist.load_data()
scaled = lambda pictures: pictures.astype("float32")[..., None] / 255
program = importlib.import_module(f"minigrad_course.studies.peers.{sys.argv[1]}_peer")
peer = program.Peer("reference", 2, 1)
copies = np.float32(0.03) * scaled(np.repeat(x[:1], 5, axis=0))
peer.epoch(peer.prepare(copies, np.repeat(y[:1], 5)))
print(peer.accuracy(peer.prepare(scaled(test[0]), test[1])))
"""


def test_an_epoch_is_the_whole_set_for_every_peer():
    """Of copies the order cannot matter, but the number of steps does: 2 give 0.119, 3 0.106."""
    peers, _ = bench.installed(["minigrad", "minigrad_eager", "keras", "torch", "jax"])
    reached = {}
    for peer in peers:
        reached[peer] = float(printed(COPIES, peer))
    assert max(reached.values()) - min(reached.values()) <= 0.001, reached


# Prints whether the parameters are there as soon as an epoch of JAX has returned.
KEPT_PROMISES = """
import minigrad
from minigrad_course.studies.peers.jax_peer import Peer
(x, y), _ = minigrad.datasets.fashion_mnist.load_data()
peer = Peer("lenet", 256, 2)
data = peer.prepare(x[:1024].astype("float32")[..., None] / 255, y[:1024])
peer.epoch(data)
peer.epoch(data)
print(all(array.is_ready() for array in peer.parameters))
"""


@pytest.mark.skipif(bench.installed(["jax"])[0] == [], reason="JAX is not installed")
def test_an_epoch_of_jax_is_over_when_it_says_so():
    """JAX hands out promises; the clock has to wait until they are kept."""
    assert printed(KEPT_PROMISES) == "True"


def test_the_planned_peer_plans_and_the_eager_one_walks():
    for name, eager in ("minigrad", False), ("minigrad_eager", True):
        program = importlib.import_module(f"minigrad_course.studies.peers.{name}_peer")
        assert program.Peer("reference", 2, 1).model.run_eagerly is eager
    minigrad.set_threads(None)


@pytest.mark.parametrize("network", NETWORKS)
def test_initial_weights_are_glorots(network):
    for kernel, bias in zip(*[iter(initial_weights(network))] * 2, strict=True):
        window = np.prod(kernel.shape[:-2])
        variance = 2 / (window * (kernel.shape[-2] + kernel.shape[-1]))
        assert np.all(bias == 0)
        if kernel.size > 1000:
            assert np.var(kernel) == pytest.approx(variance, rel=0.1)
