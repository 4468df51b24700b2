"""Run one peer in this process and print what it cost, as one line of JSON.

The one argument is the task, as :func:`minigrad_course.studies.measure.run_fresh` writes it. All
times of day are seconds since the parent started this process, interpreter included.
"""

import importlib
import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import minigrad
from minigrad_course.studies.children import end_with
from minigrad_course.studies.machine import blas, peak_memory


def main(task: dict) -> dict:
    def since_start() -> float:
        return time.time() - task["started"]

    # Not every library listens to a number of threads; all must keep to the cores they are given.
    # The last ones, because the busy loop of ``bench --busy`` sits on the first.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-task["threads"] :])
    moments = {"interpreter": since_start()}
    program = importlib.import_module(f"minigrad_course.studies.peers.{task['peer']}_peer")
    moments["imported"] = since_start()

    (pictures, labels), test = minigrad.datasets.fashion_mnist.load_data()
    form = as_bytes if hasattr(program.Peer, "takes_bytes") else scaled
    pictures, labels = form(pictures[: task["pictures"]]), labels[: task["pictures"]]
    moments["data read"] = since_start()

    peer = program.Peer(task["network"], task["batch"], task["threads"])
    data = peer.prepare(pictures, labels)
    moments["built"] = since_start()
    peer.epoch(peer.prepare(pictures[: task["batch"]], labels[: task["batch"]]))
    moments["first step"] = since_start()

    seconds: list[float] = []  # of each epoch
    accuracies: list[float] = []
    while not finished(task, seconds, accuracies):
        started = time.perf_counter()
        peer.epoch(data)
        seconds.append(time.perf_counter() - started)
        if len(seconds) == 1:
            moments["first epoch"] = since_start()
            memory = peak_memory()
        if task["goal"]:
            accuracies.append(peer.accuracy(peer.prepare(form(test[0]), test[1])))

    return {
        "setting": peer.setting,
        "versions": {name: installed(name) for name in program.PACKAGES},
        "moments": moments,
        "epoch_seconds": seconds,
        "accuracies": accuracies,
        "peak_memory": memory,
        "blas": blas(),
    }


def finished(task: dict, seconds: list[float], accuracies: list[float]) -> bool:
    if task["goal"] and accuracies and accuracies[-1] >= task["goal"]:
        return True
    # A slow peer is let off after two epochs when it has used up its time.
    enough = len(seconds) >= 2 and sum(seconds) > task["seconds"] and not task["goal"]
    return len(seconds) >= task["epochs"] or enough


def scaled(pictures):
    return pictures.astype("float32")[..., None] / 255


def as_bytes(pictures):
    return pictures[..., None]


def installed(package: str) -> str:
    if package == "minigrad":
        return minigrad.__version__
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    end_with(task["parent"])
    print(json.dumps(main(task)))
