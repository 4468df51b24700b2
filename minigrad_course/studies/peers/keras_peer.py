"""The networks in Keras on TensorFlow, trained with ``fit``."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from minigrad_course.studies.networks import NETWORKS, initial_weights

PACKAGES = ("keras", "tensorflow")


class Peer:
    # XLA (jit_compile=True) was tried on both networks at batch 32 and on the reference network at
    # 128: slower on two cores. Several steps in one call of the traced function were faster in all.
    steps_per_execution = 32

    def __init__(self, network: str, batch: int, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.batch = batch
        self.setting = f"fit, jit_compile=False, steps_per_execution={self.steps_per_execution}"
        rule = NETWORKS[network]
        self.model = keras.Sequential([keras.Input((28, 28, 1)), *LAYERS[network]()])
        self.model.compile(
            optimizer=keras.optimizers.SGD(rule.learning_rate, momentum=rule.momentum),
            loss="categorical_crossentropy",
            jit_compile=False,
            steps_per_execution=self.steps_per_execution,
        )
        self.model.set_weights(initial_weights(network))

    def prepare(self, pictures: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pictures, keras.utils.to_categorical(labels, 10)

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
