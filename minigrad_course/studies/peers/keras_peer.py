"""The networks in Keras on TensorFlow, trained with ``fit``."""

import keras
import tensorflow as tf
from keras import layers

from minigrad_course.studies.networks import NETWORKS, initial_weights
from minigrad_course.studies.peers.keras_shaped import LAYERS, KerasShaped

PACKAGES = ("keras", "tensorflow")


class Peer(KerasShaped):
    library = keras
    # XLA (jit_compile=True) was tried on both networks at batch 32 and on the reference network at
    # 128: slower on two cores. Several steps in one call of the traced function were faster in all.
    steps_per_execution = 32

    def __init__(self, network: str, batch: int, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.batch = batch
        self.setting = f"fit, jit_compile=False, steps_per_execution={self.steps_per_execution}"
        rule = NETWORKS[network]
        self.model = keras.Sequential([keras.Input((28, 28, 1)), *LAYERS[network](layers)])
        self.model.compile(
            optimizer=keras.optimizers.SGD(rule.learning_rate, momentum=rule.momentum),
            loss="categorical_crossentropy",
            jit_compile=False,
            steps_per_execution=self.steps_per_execution,
        )
        self.model.set_weights(initial_weights(network))
