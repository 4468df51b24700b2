"""The networks in minigrad, with the plan."""

import numpy as np

import minigrad as mg
from minigrad import layers
from minigrad_course.studies.networks import NETWORKS, initial_weights

PACKAGES = ("minigrad",)


class Peer:
    setting = "fit, the plan (default), verbose=0"
    run_eagerly = False
    first_layers: tuple[layers.Layer, ...] = ()

    def __init__(self, network: str, batch: int, threads: int) -> None:
        mg.set_threads(threads)
        self.batch = batch
        rule = NETWORKS[network]
        self.model = mg.Sequential([mg.Input((28, 28, 1)), *self.first_layers, *LAYERS[network]()])
        self.model.compile(
            optimizer=mg.optimizers.SGD(rule.learning_rate, momentum=rule.momentum),
            loss="categorical_crossentropy",
            run_eagerly=self.run_eagerly,
        )
        self.model.set_weights(initial_weights(network))

    def prepare(self, pictures: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pictures, mg.utils.to_categorical(labels, 10)

    def epoch(self, data: tuple[np.ndarray, np.ndarray]) -> None:
        self.model.fit(*data, batch_size=self.batch, epochs=1, verbose=0)

    def accuracy(self, data: tuple[np.ndarray, np.ndarray]) -> float:
        pictures, labels = data
        answers = self.model.predict(pictures, batch_size=1000, verbose=0)
        return float(np.mean(answers.argmax(axis=1) == labels.argmax(axis=1)))


LAYERS = {
    "reference": lambda: [
        layers.Conv2D(8, 2, activation="relu"),
        layers.Flatten(),
        layers.Dense(128, activation="elu"),
        layers.Dense(10, activation="softmax"),
    ],
    "lenet": lambda: [
        layers.Conv2D(8, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    "convnet": lambda: [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ],
    "cnn": lambda: [
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
