"""What the peers in Keras and in minigrad share: one interface, so one text for both."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


class KerasShaped:
    """A peer whose ``model`` is trained with ``fit``; ``library`` is Keras or minigrad."""

    library: ModuleType
    model: Any
    batch: int

    def prepare(self, pictures: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pictures, self.library.utils.to_categorical(labels, 10)

    def epoch(self, data: tuple[np.ndarray, np.ndarray]) -> None:
        self.model.fit(*data, batch_size=self.batch, epochs=1, verbose=0)

    def accuracy(self, data: tuple[np.ndarray, np.ndarray]) -> float:
        pictures, labels = data
        answers = self.model.predict(pictures, batch_size=1000, verbose=0)
        return float(np.mean(answers.argmax(axis=1) == labels.argmax(axis=1)))


LAYERS: dict[str, Callable[[Any], list[Any]]] = {
    "reference": lambda layers: [
        layers.Conv2D(8, 2, activation="relu"),
        layers.Flatten(),
        layers.Dense(128, activation="elu"),
        layers.Dense(10, activation="softmax"),
    ],
    "lenet": lambda layers: [
        layers.Conv2D(8, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    "convnet": lambda layers: [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ],
    "cnn": lambda layers: [
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ],
}
