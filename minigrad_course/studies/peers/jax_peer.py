"""The networks in JAX: a jitted step with donated parameters, the training set kept on the device."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minigrad_course.studies.networks import NETWORKS, initial_weights

PACKAGES = ("jax", "jaxlib")


class Peer:
    # One dispatch a step. lax.scan over the epoch was tried: the same on the reference network,
    # five times slower on the other, because XLA's convolutions inside a loop use one core.
    setting = "jitted step, donated parameters, batches gathered inside the step"

    def __init__(self, network: str, batch: int, threads: int) -> None:
        self.batch = batch
        self.parameters = [jnp.asarray(w) for w in initial_weights(network)]
        self.velocities = [jnp.zeros_like(p) for p in self.parameters]
        self.generator, self.key = np.random.default_rng(0), jax.random.key(0)
        logits, rule = LOGITS[network], NETWORKS[network]

        def loss(parameters, x, y, key):
            chances = jax.nn.log_softmax(logits(parameters, x, key))
            return -jnp.mean(jnp.take_along_axis(chances, y[:, None], axis=1))

        @partial(jax.jit, donate_argnums=(0, 1))
        def step(parameters, velocities, x, y, chosen, number):
            key = jax.random.fold_in(self.key, number)  # unused, and left out, without dropout
            gradients = jax.grad(loss)(parameters, x[chosen], y[chosen], key)
            if rule.momentum:
                velocities = jax.tree.map(
                    lambda v, g: rule.momentum * v - rule.learning_rate * g, velocities, gradients
                )
                return jax.tree.map(jnp.add, parameters, velocities), velocities
            descend = jax.tree.map(lambda p, g: p - rule.learning_rate * g, parameters, gradients)
            return descend, velocities

        self.step, self.steps = step, 0
        self.answers = jax.jit(lambda parameters, x: logits(parameters, x).argmax(axis=1))

    def prepare(self, pictures: np.ndarray, labels: np.ndarray) -> tuple[jax.Array, jax.Array]:
        return jnp.asarray(pictures), jnp.asarray(labels, jnp.int32)

    def epoch(self, data: tuple[jax.Array, jax.Array]) -> None:
        order = self.generator.permutation(len(data[0]))
        for first in range(0, len(order), self.batch):
            chosen = order[first : first + self.batch]
            self.parameters, self.velocities = self.step(
                self.parameters, self.velocities, *data, chosen, self.steps
            )
            self.steps += 1
        jax.block_until_ready(self.parameters)

    def accuracy(self, data: tuple[jax.Array, jax.Array]) -> float:
        x, y = data
        parts = [self.answers(self.parameters, x[i : i + 1000]) for i in range(0, len(x), 1000)]
        return float(jnp.mean(jnp.concatenate(parts) == y))


def convolution(x, kernel, bias, padding):
    layouts = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=layouts) + bias


def max_pooling(x):
    # By reshaping: quicker here than lax.reduce_window, forward and backward.
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def dropout(x, rate, key):
    if key is None:  # not while it learns
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def reference(parameters, x, key=None):
    kernel, bias, w1, b1, w2, b2 = parameters
    x = jax.nn.relu(convolution(x, kernel, bias, "VALID"))
    x = jax.nn.elu(x.reshape(len(x), -1) @ w1 + b1)
    return x @ w2 + b2


def lenet(parameters, x, key=None):
    kernel1, bias1, kernel2, bias2, w1, b1, w2, b2 = parameters
    x = max_pooling(jax.nn.relu(convolution(x, kernel1, bias1, "SAME")))
    x = max_pooling(jax.nn.relu(convolution(x, kernel2, bias2, "VALID")))
    x = jax.nn.relu(x.reshape(len(x), -1) @ w1 + b1)
    return x @ w2 + b2


def convnet(parameters, x, key=None):
    kernel1, bias1, kernel2, bias2, w, b = parameters
    x = max_pooling(jax.nn.relu(convolution(x, kernel1, bias1, "VALID")))
    x = jax.nn.relu(convolution(x, kernel2, bias2, "VALID"))[:, :10, :10]  # 11 rows; 5 windows
    return dropout(max_pooling(x).reshape(len(x), -1), 0.5, key) @ w + b


def cnn(parameters, x, key=None):
    kernel1, bias1, kernel2, bias2, w1, b1, w2, b2 = parameters
    keys = (None, None) if key is None else jax.random.split(key)
    x = jax.nn.relu(convolution(x, kernel1, bias1, "VALID"))
    x = max_pooling(jax.nn.relu(convolution(x, kernel2, bias2, "VALID")))
    x = dropout(x, 0.25, keys[0]).reshape(len(x), -1)
    return dropout(jax.nn.relu(x @ w1 + b1), 0.5, keys[1]) @ w2 + b2


LOGITS = {"reference": reference, "lenet": lenet, "convnet": convnet, "cnn": cnn}
