"""The network of the published Julia code, re-created on our graph, each peculiarity a switch.

The authors published their code beside the paper (its commit 32c53d9). It differs from the
network that the paper describes in the points below. With all of them on, the loss behaves as in
the paper's Figure 4; with all of them off, this is the reference network.

The re-creation follows a description of what that code computes; none of it is copied. Pictures
are channels-last here, and the graph is built once in place of once a picture, which changes the
time and no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from minigrad.activations import elu, relu
from minigrad.graph import Constant, Node, Variable, backward, forward, topological_sort
from minigrad.operators.convolution import Convolve
from minigrad.operators.cross_entropy import SoftmaxCrossEntropy

__all__ = [
    "EXPLANATIONS",
    "MENDED",
    "PUBLISHED",
    "Peculiarities",
    "PublishedNetwork",
    "Training",
    "interleave",
    "one_added",
    "one_mended",
    "train",
]


@dataclass(frozen=True)
class Peculiarities:
    """What sets the published code apart; every switch is on as published.

    Attributes:
        one_filter: One filter in place of eight.
        ten_hidden_units: Ten hidden units in place of 128.
        no_biases: No layer has a bias.
        uniform_weights: Weights start uniform on [0, 1), in place of Glorot's interval about 0.
        small_learning_rate: 0.001 in place of 0.01.
        divided_twice: Pixels that already lie in [0, 1] are divided by 255 once more.
        interleaved_pictures: A reshape mixes the pixels of all pictures, see :func:`interleave`.
        relu_output: The scores pass through ReLU.
        score_as_loss: The loss is minus the true class's score, in place of the cross-entropy.
        flipped_update: The update is multiplied by the sign of the loss.
        last_pixel_only: The kernel's gradient is overwritten for every pixel, not summed.
        one_number_for_the_kernel: All four weights of the kernel receive the same number.

    Example:
        >>> PUBLISHED.score_as_loss, MENDED.score_as_loss
        (True, False)
    """

    one_filter: bool = True
    ten_hidden_units: bool = True
    no_biases: bool = True
    uniform_weights: bool = True
    small_learning_rate: bool = True
    divided_twice: bool = True
    interleaved_pictures: bool = True
    relu_output: bool = True
    score_as_loss: bool = True
    flipped_update: bool = True
    last_pixel_only: bool = True
    one_number_for_the_kernel: bool = True


PUBLISHED = Peculiarities()
MENDED = Peculiarities(**{field.name: False for field in fields(Peculiarities)})

# In the order in which the chart mends them: first what is learned, then from what, then how well.
EXPLANATIONS = {
    "score_as_loss": "loss: minus the true class's score",
    "flipped_update": "update × sign of the loss",
    "interleaved_pictures": "pixels of all pictures mixed",
    "divided_twice": "pixels divided by 255 twice",
    "uniform_weights": "weights start in [0, 1)",
    "relu_output": "ReLU on the scores",
    "small_learning_rate": "learning rate 0.001, not 0.01",
    "ten_hidden_units": "10 hidden units, not 128",
    "no_biases": "no biases",
    "one_filter": "1 filter, not 8",
    "last_pixel_only": "kernel gradient: last pixel only",
    "one_number_for_the_kernel": "kernel gradient: one number for all",
}


def one_mended(name: str) -> Peculiarities:
    """The published network with one peculiarity switched off.

    Args:
        name: An attribute of :class:`Peculiarities`.

    Raises:
        TypeError: There is no such attribute.

    Example:
        >>> one_mended("no_biases").no_biases, one_mended("no_biases").one_filter
        (False, True)
    """
    return replace(PUBLISHED, **{name: False})


def one_added(name: str) -> Peculiarities:
    """The mended network with one peculiarity switched on; arguments as :func:`one_mended`.

    Example:
        >>> one_added("no_biases").no_biases, one_added("no_biases").one_filter
        (True, False)
    """
    return replace(MENDED, **{name: True})


def interleave(pictures: np.ndarray) -> np.ndarray:
    """Mix the pixels of all pictures, as a reshape in column-major order does.

    Julia keeps the set as an array of (28, 28, n) whose first axis runs fastest in memory, one
    picture after the other. Reshaped to (n, 1, 28, 28), the *first* axis, which now counts the
    pictures, runs fastest: picture k gets the pixels k, k + n, k + 2n … of the whole set.

    Args:
        pictures: Array of shape (n, 28, 28, 1).

    Returns:
        An array of the same shape with the same pixels.

    Example:
        >>> import numpy as np
        >>> two = np.stack([np.zeros((2, 2, 1)), np.ones((2, 2, 1))])
        >>> interleave(two)[..., 0].tolist()     # both have half of their pixels from each
        [[[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]]
    """
    count = len(pictures)
    return np.ascontiguousarray(pictures.reshape(-1, count).T).reshape(pictures.shape)


class LastPixelConvolution(Convolve):
    """A convolution whose kernel gradient keeps the last position's part only."""

    def backward(self, g, images, kernel):
        by_images, _ = super().backward(g, images, kernel)
        height, width = kernel.shape[:2]
        corner = images[:, -height:, -width:]  # under the last position of the window
        # (batch, i, j, channel) · (batch, filter) → (i, j, channel, filter)
        return by_images, np.tensordot(corner, g[:, -1, -1], axes=(0, 0))


class PublishedNetwork:
    """The network for one picture at a time.

    Args:
        switches: Which peculiarities it has.
        weights: Kernels and biases in Keras's order to start from; by default drawn.
        seed: For the drawing.

    Attributes:
        weights: The variables, in Keras's order; without biases only the kernels.
        output: The node of one picture's scores, of shape (1, 10).
        order: All nodes in topological order; the last is the loss of one picture.

    Example:
        >>> PublishedNetwork(PUBLISHED).count_params()
        7394
        >>> PublishedNetwork(MENDED).count_params()
        747954
    """

    def __init__(
        self,
        switches: Peculiarities = PUBLISHED,
        weights: Sequence[np.ndarray] | None = None,
        seed: int = 0,
    ) -> None:
        self.switches = switches
        self.learning_rate = 0.001 if switches.small_learning_rate else 0.01
        values = initial_weights(switches, seed) if weights is None else weights
        self.weights = [Variable(value, dtype=np.float32) for value in values]
        self.picture = Constant(np.zeros((1, 28, 28, 1), np.float32), name="picture")
        self.target = Constant(np.zeros((1, 10), np.float32), name="target")
        self.output = self.scores(self.picture)
        self.order = topological_sort(self.loss(self.output))

    def count_params(self) -> int:
        """How many weights there are."""
        return sum(variable.size for variable in self.weights)

    def scores(self, pictures: Node) -> Node:
        """The graph from pictures (batch, 28, 28, 1) to scores (batch, 10)."""
        per_layer = 1 if self.switches.no_biases else 2
        layers = [self.weights[i : i + per_layer] for i in range(0, len(self.weights), per_layer)]
        (kernel, *bias0), (dense, *bias1), (output, *bias2) = layers
        convolution = LastPixelConvolution if self.switches.last_pixel_only else Convolve
        x = relu(sum(bias0, convolution(pictures, kernel)))
        x = x.reshape(pictures.shape[0], -1)
        x = elu(sum(bias1, x @ dense))
        x = sum(bias2, x @ output)
        return relu(x) if self.switches.relu_output else x

    def loss(self, scores: Node) -> Node:
        """The graph from the scores of one picture to its loss."""
        if self.switches.score_as_loss:
            return -(self.target * scores).sum()  # −Σ y·log(exp z): the true class's −z
        return SoftmaxCrossEntropy(scores, self.target).sum()

    def step(self, picture: np.ndarray, target: np.ndarray) -> float:
        """Train on one picture.

        Args:
            picture: Array of shape (28, 28, 1).
            target: Its class, one-hot, of shape (10,).

        Returns:
            The loss before the step.
        """
        self.picture.value, self.target.value = picture[np.newaxis], target[np.newaxis]
        loss = float(forward(self.order))
        backward(self.order)
        # Times the sign of a negative loss, a step down becomes a step up.
        sign = np.sign(loss) if self.switches.flipped_update else 1.0
        kernel = self.weights[0]
        if self.switches.one_number_for_the_kernel:
            # the second of the matrix's numbers in column-major order
            kernel.gradient = np.broadcast_to(kernel.gradient[1:2, 0:1], kernel.shape)
        for variable in self.weights:
            variable.value = variable.value - np.float32(self.learning_rate * sign) * (
                variable.gradient
            )
        return loss

    def classify(self, pictures: np.ndarray) -> np.ndarray:
        """The class with the highest score.

        Args:
            pictures: Array of shape (n, 28, 28, 1).

        Returns:
            Class numbers, of shape (n,).
        """
        scores = self.scores(Constant(np.asarray(pictures, np.float32)))
        return np.argmax(forward(topological_sort(scores)), axis=1)


def initial_weights(switches: Peculiarities, seed: int = 0) -> list[np.ndarray]:
    """Kernels, and biases where there are any, drawn from the seed."""
    generator = np.random.default_rng(seed)
    filters = 1 if switches.one_filter else 8
    hidden = 10 if switches.ten_hidden_units else 128
    weights = []
    for shape in ((2, 2, 1, filters), (27 * 27 * filters, hidden), (hidden, 10)):
        window = int(np.prod(shape[:-2]))  # positions of the kernel; 1 in a dense layer
        limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
        low, high = (0.0, 1.0) if switches.uniform_weights else (-limit, limit)
        weights.append(generator.uniform(low, high, shape).astype(np.float32))
        if not switches.no_biases:
            weights.append(np.zeros(shape[-1], np.float32))
    return weights


def as_the_network_sees(pictures: np.ndarray, switches: Peculiarities) -> np.ndarray:
    """Pictures of bytes, (n, 28, 28), as (n, 28, 28, 1) with the pixels where the network has them."""
    seen = np.divide(pictures, 255, dtype=np.float32)[..., np.newaxis]
    if switches.divided_twice:
        seen = seen / np.float32(255)
    return interleave(seen) if switches.interleaved_pictures else seen


@dataclass(frozen=True)
class Training:
    """What :func:`train` returns.

    Attributes:
        losses: The mean loss over the pictures, one number for each epoch.
        accuracies: The share of the training pictures that were classified correctly, each just
            before the step on it, one number for each epoch.
        test_accuracy: The share of the test pictures after the last epoch, if there were any.
        quiet: The first epoch, from 1, in which the absolute loss of one picture was under 0.001,
            which is where the published program stops; ``None`` if there was none.
    """

    losses: list[float]
    accuracies: list[float]
    test_accuracy: float | None
    quiet: int | None


def train(
    switches: Peculiarities,
    pictures: np.ndarray,
    labels: np.ndarray,
    epochs: int = 100,
    seed: int = 0,
    test: tuple[np.ndarray, np.ndarray] | None = None,
    network: PublishedNetwork | None = None,
) -> Training:
    """Train on one picture after the other, in the same order in every epoch.

    Args:
        switches: Which peculiarities the network has.
        pictures: uint8 array of shape (n, 28, 28).
        labels: Class numbers, of shape (n,).
        epochs: How often to go through them.
        seed: Of the initial weights.
        test: Pictures and labels that it is tested on, in the same form.
        network: A network to train in place of a new one.

    Returns:
        Losses and accuracies.

    Example:
        >>> import minigrad as mg
        >>> (x, y), _ = mg.datasets.fashion_mnist.load_data()
        >>> first, *_, last = train(PUBLISHED, x[:10], y[:10], epochs=5).losses
        >>> first < last < 0          # it climbs to zero from below, as in the paper's Figure 4
        True
    """
    network = network or PublishedNetwork(switches, seed=seed)
    seen, targets = as_the_network_sees(pictures, switches), np.eye(10, dtype=np.float32)[labels]
    losses, accuracies, quiet = [], [], None
    for epoch in range(1, epochs + 1):
        each, right = [], 0
        for picture, target in zip(seen, targets, strict=True):
            each.append(network.step(picture, target))
            right += int(network.output.value.argmax() == target.argmax())
        losses.append(float(np.mean(each)))
        accuracies.append(right / len(seen))
        if quiet is None and min(map(abs, each)) < 0.001:
            quiet = epoch
    accuracy = None
    if test is not None:
        answers = network.classify(as_the_network_sees(test[0], switches))
        accuracy = float(np.mean(answers == test[1]))
    return Training(losses, accuracies, accuracy, quiet)
