"""The networks that are timed, described once for every framework.

Weights are drawn here, with NumPy, in Keras's layouts; each peer carries them over into its own.
All start from the same numbers, so that a difference in accuracy is not one of luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["NETWORKS", "Network", "initial_weights"]


@dataclass(frozen=True)
class Network:
    """A network's weights and the rule that trains it.

    Attributes:
        title: Its layers in one line.
        kernels: Shapes of the kernels, input to output: convolutions ``(height, width, in, out)``,
            dense layers ``(in, out)``. Each is followed by a bias of its last length.
        optimizer: The rule in words.
        learning_rate: Step length of stochastic gradient descent.
        momentum: Share of the last step that is taken again.
    """

    title: str
    kernels: tuple[tuple[int, ...], ...]
    optimizer: str
    learning_rate: float
    momentum: float


NETWORKS = {
    # The network of the paper.
    "reference": Network(
        title="Conv2D 8@2×2 ReLU → Flatten → Dense 128 ELU → Dense 10 softmax",
        kernels=((2, 2, 1, 8), (27 * 27 * 8, 128), (128, 10)),
        optimizer="SGD, learning rate 0.01",
        learning_rate=0.01,
        momentum=0.0,
    ),
    # LeNet-5's shape with today's activations and max-pooling: 28 → 14 → 10 → 5 pixels. With 16 filters
    # in the second convolution nine epochs ended just short of 90 % test accuracy; with 32 it takes
    # about five, and plain SGD with momentum does, which every framework defines alike.
    "lenet": Network(
        title="Conv2D 8@5×5 same ReLU → MaxPooling2D 2 → Conv2D 32@5×5 ReLU → MaxPooling2D 2 → "
        "Flatten → Dense 128 ReLU → Dense 10 softmax",
        kernels=((5, 5, 1, 8), (5, 5, 8, 32), (5 * 5 * 32, 128), (128, 10)),
        optimizer="SGD, learning rate 0.01, momentum 0.9",
        learning_rate=0.01,
        momentum=0.9,
    ),
    # Those that people bring: of keras.io's example "Simple MNIST convnet", and of mnist_cnn.py, which
    # came with Keras for years. Both are trained by a rule that every framework defines alike.
    "convnet": Network(
        title="Conv2D 32@3×3 ReLU → MaxPooling2D 2 → Conv2D 64@3×3 ReLU → MaxPooling2D 2 → "
        "Flatten → Dropout 0.5 → Dense 10 softmax",
        kernels=((3, 3, 1, 32), (3, 3, 32, 64), (5 * 5 * 64, 10)),
        optimizer="SGD, learning rate 0.01, momentum 0.9",
        learning_rate=0.01,
        momentum=0.9,
    ),
    "cnn": Network(
        title="Conv2D 32@3×3 ReLU → Conv2D 64@3×3 ReLU → MaxPooling2D 2 → Dropout 0.25 → Flatten → "
        "Dense 128 ReLU → Dropout 0.5 → Dense 10 softmax",
        kernels=((3, 3, 1, 32), (3, 3, 32, 64), (12 * 12 * 64, 128), (128, 10)),
        optimizer="SGD, learning rate 0.01, momentum 0.9",
        learning_rate=0.01,
        momentum=0.9,
    ),
}


def initial_weights(network: str, seed: int = 0) -> list[np.ndarray]:
    """Glorot's uniform kernels and zero biases, in the order of Keras's ``get_weights``.

    Args:
        network: A key of :data:`NETWORKS`.
        seed: Seed of the generator.

    Returns:
        Kernel, bias, kernel, bias, …, all float32.

    Raises:
        KeyError: There is no such network.

    Example:
        >>> [w.shape for w in initial_weights("reference")]
        [(2, 2, 1, 8), (8,), (5832, 128), (128,), (128, 10), (10,)]
    """
    generator = np.random.default_rng(seed)
    weights = []
    for shape in NETWORKS[network].kernels:
        window = int(np.prod(shape[:-2]))  # positions of a convolution's kernel; 1 in a dense layer
        limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
        weights.append(generator.uniform(-limit, limit, shape).astype(np.float32))
        weights.append(np.zeros(shape[-1], np.float32))
    return weights
