"""Draw the README's pictures: ten clothes with what the network says, and the sweeps step by step.

    python tools/draw_readme.py

They are made with the library's own functions, from a network trained here, so they show what a
reader will see.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

import minigrad as mg

FOLDER = Path(__file__).resolve().parents[1] / "data" / "pictures"
SECONDS = 1.6  # for each step of the moving picture


def sweeps() -> None:
    """The explorer of lecture 02, as a picture that moves."""
    x = mg.Variable(5.0, name="x")
    explorer = mg.display.sweep_explorer(np.sin(x * x))
    frames = []
    for step in range(explorer.controls["step"].max + 1):
        explorer.controls["step"].value = step
        frame = Image.open(io.BytesIO(explorer.png)).convert("RGB")
        frames.append(frame.resize((frame.width * 3 // 4, frame.height * 3 // 4)).quantize(64))
    frames[0].save(
        FOLDER / "sweeps.gif",
        save_all=True,
        append_images=frames[1:],
        duration=int(1000 * SECONDS),
        loop=0,
        optimize=True,
    )


def clothes() -> None:
    """Ten pictures of the test set, with their names and the network's mistakes."""
    fashion = mg.datasets.fashion_mnist
    (x_train, y_train), (x_test, y_test) = fashion.load_data()
    mg.utils.set_random_seed(1)
    model = mg.Sequential(
        [
            mg.Input((28, 28, 1)),
            mg.layers.Conv2D(8, 2, activation="relu"),
            mg.layers.Flatten(),
            mg.layers.Dense(128, activation="elu"),
            mg.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(mg.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    model.fit(x_train[:20_000, ..., np.newaxis] / 255, y_train[:20_000], epochs=2, verbose=0)
    ten, labels = x_test[10:20, ..., np.newaxis] / 255, y_test[10:20]
    said = model.predict(ten, verbose=0).argmax(axis=1)
    names = [[fashion.class_names[label] for label in each] for each in (labels, said)]
    data, _ = mg.display.show_images(ten, *names)._repr_mimebundle_()
    (FOLDER / "clothes.png").write_bytes(data["image/png"])


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    sweeps()
    clothes()
