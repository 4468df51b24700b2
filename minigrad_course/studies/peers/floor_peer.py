"""The floor under the time of an epoch: its products alone, at the machine's own rate.

Nothing is learned. Square matrices are multiplied, with as many multiplications and additions as
the products of an epoch have, by NumPy's BLAS on the threads that everybody is given.
"""

import numpy as np

import minigrad as mg
from minigrad.engine.blas import blas_threads
from minigrad_course.studies.peers.keras_shaped import LAYERS

PACKAGES = ("numpy",)
SIDE = 2048  # of the matrices: large enough for BLAS's best rate


class Peer:
    setting = f"products of {SIDE}×{SIDE} matrices, as many operations as the epoch's own products"

    def __init__(self, network: str, batch: int, threads: int) -> None:
        self.threads = threads
        model = mg.Sequential([mg.Input((28, 28, 1)), *LAYERS[network](mg.layers)])
        model.compile("sgd", "categorical_crossentropy")
        mg.set_threads(1)  # in bands, a row on the border is computed twice
        self.flops = model.plan(batch).flops / batch
        shape = SIDE, SIDE
        self.a, self.b, self.c = (np.ones(shape, np.float32) for _ in range(3))

    def prepare(self, pictures: np.ndarray, labels: np.ndarray) -> int:
        return len(pictures)

    def epoch(self, pictures: int) -> None:
        rows = pictures * self.flops / (2 * SIDE**2)  # of a matrix that is SIDE wide
        with blas_threads(self.threads):
            while rows > 0:
                part = slice(0, min(SIDE, max(round(rows), 1)))
                np.matmul(self.a[part], self.b, out=self.c[part])
                rows -= SIDE
