"""After rickiepark/hg-mldl chapter 7: a seed for all, checkpoints that are read again."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

tf.keras.utils.set_random_seed(42)
tf.config.experimental.enable_op_determinism()
(train_input, train_target), _ = keras.datasets.fashion_mnist.load_data()
train_scaled = train_input / 255.0
val_scaled, val_target = train_scaled[-32:], train_target[-32:]
train_scaled, train_target = train_scaled[:-32], train_target[:-32]


def model_fn(a_layer=None):
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=(28, 28)))
    model.add(keras.layers.Dense(50, activation="relu"))
    if a_layer:
        model.add(a_layer)
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


model = model_fn(keras.layers.Dropout(0.3))
model.summary()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
checkpoint_cb = keras.callbacks.ModelCheckpoint("best-model.h5", save_best_only=True)
early_stopping_cb = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
history = model.fit(
    train_scaled,
    train_target,
    epochs=3,
    verbose=0,
    validation_data=(val_scaled, val_target),
    callbacks=[checkpoint_cb, early_stopping_cb],
)
model = model_fn(keras.layers.Dropout(0.3))
model.load_weights("best-model.h5")
val_labels = np.argmax(model.predict(val_scaled), axis=-1)
model = keras.models.load_model("best-model.h5")
model.evaluate(val_scaled, val_target)
RESULT = [float(np.mean(val_labels == val_target)), int(early_stopping_cb.stopped_epoch)]
