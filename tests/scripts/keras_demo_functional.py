"""After keras-team/keras examples/demo_functional: residuals by ``+=``, two metrics under names."""

import keras
import numpy as np
from keras import Model, layers, losses, metrics, optimizers

keras.config.disable_traceback_filtering()

inputs = layers.Input((20,))
x = layers.Dense(16, activation="relu")(inputs)
for _ in range(3):
    residual = x
    x = layers.Dense(16, activation="relu")(x)
    x = layers.Dense(16, activation="relu")(x)
    x += residual
outputs = layers.Dense(4)(x)
model = Model(inputs, outputs)
model.summary()

random = np.random.default_rng(0)
x, y = random.random((200, 20)), random.random((200, 4))
model.compile(
    optimizer=optimizers.Adam(learning_rate=0.001),
    loss=losses.MeanSquaredError(),
    metrics=[metrics.CategoricalAccuracy(name="acc"), metrics.MeanSquaredError(name="mse")],
)
history = model.fit(x, y, batch_size=32, epochs=2, validation_split=0.2)
scores = model.evaluate(x, y, return_dict=True)
pred = model.predict(x)
RESULT = [len(model.layers), *pred.shape, float(pred.mean())]
