"""The networks in minigrad, with the plan."""

import minigrad as mg
from minigrad import layers
from minigrad.engine.cores import cores
from minigrad_course.studies.networks import NETWORKS, initial_weights
from minigrad_course.studies.peers.keras_shaped import LAYERS, KerasShaped

PACKAGES = ("minigrad",)


class Peer(KerasShaped):
    library = mg
    setting = "fit, the plan (default), verbose=0"
    run_eagerly = False
    first_layers: tuple[layers.Layer, ...] = ()

    def __init__(self, network: str, batch: int, threads: int) -> None:
        # What readers have, if it comes to the same: then it is that which is measured.
        mg.set_threads(None if threads == cores() else threads)
        self.batch = batch
        rule = NETWORKS[network]
        self.model = mg.Sequential(
            [mg.Input((28, 28, 1)), *self.first_layers, *LAYERS[network](layers)]
        )
        self.model.compile(
            optimizer=mg.optimizers.SGD(rule.learning_rate, momentum=rule.momentum),
            loss="categorical_crossentropy",
            run_eagerly=self.run_eagerly,
        )
        self.model.set_weights(initial_weights(network))
