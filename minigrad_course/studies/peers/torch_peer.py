"""The networks in PyTorch, trained with the usual loop."""

import numpy as np
import torch
from torch import nn

from minigrad_course.studies.networks import NETWORKS, initial_weights

PACKAGES = ("torch",)


class Peer:
    # torch.compile was tried on both networks: slower on two cores, and tens of seconds to compile.
    def __init__(self, network: str, batch: int, threads: int) -> None:
        torch.set_num_threads(threads)
        self.batch = batch
        # The convolutions with several channels are quicker channels-last, the reference is not.
        several = network != "reference"
        self.layout = torch.channels_last if several else torch.contiguous_format
        self.setting = "usual loop over indexed tensors" + (", channels_last" if several else "")
        self.model = nn.Sequential(*LAYERS[network]())
        carry_over(initial_weights(network), self.model)
        self.model.to(memory_format=self.layout)  # type: ignore[call-overload]  # not in its stub
        self.loss = nn.CrossEntropyLoss()
        rule = NETWORKS[network]
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=rule.learning_rate, momentum=rule.momentum
        )

    def prepare(
        self, pictures: np.ndarray, labels: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2)  # (batch, channel, height, width)
        return x.contiguous(memory_format=self.layout), torch.from_numpy(labels.astype(np.int64))

    def epoch(self, data: tuple[torch.Tensor, torch.Tensor]) -> None:
        x, y = data
        self.model.train()
        for chosen in torch.randperm(len(x)).split(self.batch):
            self.optimizer.zero_grad()
            self.loss(self.model(x[chosen]), y[chosen]).backward()
            self.optimizer.step()

    def accuracy(self, data: tuple[torch.Tensor, torch.Tensor]) -> float:
        x, y = data
        self.model.eval()  # no dropout
        with torch.inference_mode():
            answers = torch.cat([self.model(part).argmax(dim=1) for part in x.split(1000)])
        return float((answers == y).float().mean())


LAYERS = {
    "reference": lambda: [
        nn.Conv2d(1, 8, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(27 * 27 * 8, 128),
        nn.ELU(),
        nn.Linear(128, 10),
    ],
    "lenet": lambda: [
        nn.Conv2d(1, 8, 5, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(5 * 5 * 32, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    ],
    "convnet": lambda: [
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(5 * 5 * 64, 10),
    ],
    "cnn": lambda: [
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(12 * 12 * 64, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    ],
}


def carry_over(weights: list[np.ndarray], model: nn.Sequential) -> None:
    """Copy weights in Keras's layouts into the model.

    PyTorch flattens feature maps channel first, so the rows of the first dense kernel, which
    Keras orders (height, width, channel), are put in the order (channel, height, width).
    """
    kernels = iter(weights)
    channels = None
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Conv2d):
                kernel, bias = next(kernels), next(kernels)
                layer.weight.copy_(torch.from_numpy(kernel).permute(3, 2, 0, 1))
                layer.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
                channels = kernel.shape[-1]
            elif isinstance(layer, nn.Linear):
                kernel, bias = next(kernels), next(kernels)
                if channels:
                    maps = kernel.reshape(-1, channels, kernel.shape[-1])
                    kernel = maps.transpose(1, 0, 2).reshape(kernel.shape)
                    channels = None
                layer.weight.copy_(torch.from_numpy(kernel.copy()).T)
                layer.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
