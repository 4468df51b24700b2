"""A model that was handed over is trained by several workers, as one would train it.

    python -m minigrad_course.studies.workers tensorflow --workers 2
    python -m minigrad_course.studies.workers jax --workers 2

``tensorflow`` starts that many processes, which talk over loopback and each hold a copy of the
model (``tf.distribute.MultiWorkerMirroredStrategy``). Where ``TF_CONFIG`` describes a cluster of
machines, the same command on each of them trains together with the others. ``jax`` divides each
batch among that many devices of one process (``keras.distribution.DataParallel``); on a machine
without accelerators the processor stands for them. Either way a step takes one batch, shared out,
so that the losses are those of one worker.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import minigrad as mg

__all__ = ["main"]

BATCH, PICTURES = 64, 1024


def network() -> tuple[mg.Model, np.ndarray, np.ndarray]:
    """A small convolutional network that minigrad has trained for an epoch, and its pictures."""
    (x, y), _ = mg.datasets.fashion_mnist.load_data()
    x, y = x[:PICTURES, ..., None] / np.float32(255), y[:PICTURES].astype(np.int64)
    mg.utils.set_random_seed(1)
    layers = [
        mg.Input((28, 28, 1)),
        mg.layers.Conv2D(4, 3, activation="relu"),
        mg.layers.MaxPooling2D(),
        mg.layers.Flatten(),
        mg.layers.Dense(10, "softmax"),
    ]
    model = mg.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=BATCH, verbose=0)
    return model, x, y


def on_tensorflow(epochs: int) -> Iterator[dict[str, Any]]:
    """Train as one of the workers that ``TF_CONFIG`` names, and tell of each epoch."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else is computed
    print(strategy.num_replicas_in_sync, "workers", flush=True)
    model, x, y = network()
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH).with_options(options)
    batches = strategy.experimental_distribute_dataset(batches)
    with strategy.scope():
        theirs = mg.interop.to_keras(model)
        theirs.compute_metrics(x[:1], y[:1], theirs(x[:1]))  # makes variables, which are shared

    # Keras's fit cannot look at a batch that lies on several machines; its step can.
    @tf.function
    def step(batch: Any) -> Any:
        return strategy.run(theirs.train_step, args=(batch,))

    for _ in range(epochs):
        theirs.reset_metrics()
        for batch in batches:
            step(batch)
        yield theirs.get_metrics_result()


def on_jax(epochs: int) -> Iterator[dict[str, Any]]:
    """Train on all devices of this process, and tell of each epoch."""
    keras = mg.interop.import_keras()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    print(len(keras.distribution.list_devices()), "workers", flush=True)
    model, x, y = network()
    theirs = mg.interop.to_keras(model)
    for _ in range(epochs):
        told = theirs.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0).history
        yield {name: values[0] for name, values in told.items()}


def start(workers: int, command: list[str]) -> int:
    """Start the workers of a cluster on this machine, and wait for them."""
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in with_ports]
    for each in with_ports:
        each.close()
    cluster, running = {"worker": addresses}, []
    for index in range(workers):
        task = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        quiet = subprocess.DEVNULL if index else None  # all of them tell the same
        environment = {**os.environ, "TF_CONFIG": task}
        running.append(subprocess.Popen(command, env=environment, stdout=quiet))
    while any(process.poll() is None for process in running):
        if any(process.poll() for process in running):  # the others would wait for it for ever
            for process in running:
                process.kill()
        time.sleep(0.1)
    return max(abs(process.returncode) for process in running)


def main(arguments: list[str] | None = None) -> int:
    """Train as the command line says.

    Args:
        arguments: Those of the command line.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m minigrad_course.studies.workers")
    parser.add_argument("backend", choices=["tensorflow", "jax"])
    parser.add_argument("--workers", type=int, default=2, help="how many on this machine")
    parser.add_argument("--epochs", type=int, default=3)
    chosen = parser.parse_args(arguments)
    os.environ["KERAS_BACKEND"] = chosen.backend
    if chosen.backend == "jax":
        flag = f"--xla_force_host_platform_device_count={chosen.workers}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    elif "TF_CONFIG" not in os.environ:
        again = ["tensorflow", "--epochs", str(chosen.epochs)]
        return start(chosen.workers, [sys.executable, "-m", __spec__.name, *again])
    train = {"tensorflow": on_tensorflow, "jax": on_jax}[chosen.backend]
    for epoch, told in enumerate(train(chosen.epochs), 1):
        print(epoch, *(f"{name} {float(value):.6f}" for name, value in told.items()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
