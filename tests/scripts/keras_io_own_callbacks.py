"""After keras-io guides/writing_your_own_callbacks: every hook, and what it is told."""

import numpy as np
import keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
RESULT = []


def get_model():
    model = keras.Sequential()
    model.add(keras.layers.Dense(1))
    model.compile(
        optimizer=keras.optimizers.RMSprop(learning_rate=0.01),
        loss="mean_squared_error",
        metrics=["mean_absolute_error"],
    )
    return model


def tells(hook):
    def told(self, *number, logs=None):
        if logs is None:
            *number, logs = number
        RESULT.append(f"{hook} {list(number)} {sorted(logs.keys())}")

    return told


class CustomCallback(keras.callbacks.Callback):
    on_train_begin, on_train_end = tells("train begins"), tells("train ends")
    on_epoch_begin, on_epoch_end = tells("epoch begins"), tells("epoch ends")
    on_test_begin, on_test_end = tells("test begins"), tells("test ends")
    on_predict_begin, on_predict_end = tells("predict begins"), tells("predict ends")
    on_train_batch_begin, on_train_batch_end = tells("batch begins"), tells("batch ends")
    on_test_batch_begin, on_test_batch_end = tells("test batch begins"), tells("test batch ends")
    on_predict_batch_begin, on_predict_batch_end = tells("part begins"), tells("part ends")


class EarlyStoppingAtMinLoss(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.wait, self.stopped_epoch, self.best = 0, 0, np.inf

    def on_epoch_end(self, epoch, logs=None):
        if np.less(logs.get("loss"), self.best):
            self.best, self.wait = logs.get("loss"), 0
            self.best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = epoch
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs=None):
        RESULT.append(f"early stopping: {self.stopped_epoch}")


class CustomLearningRateScheduler(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if not hasattr(self.model.optimizer, "learning_rate"):
            raise ValueError('Optimizer must have a "learning_rate" attribute.')
        rate = self.model.optimizer.learning_rate
        self.model.optimizer.learning_rate = {1: 0.005, 3: 0.001}.get(epoch, rate)
        RESULT.append(f"rate: {float(np.array(self.model.optimizer.learning_rate)):.4f}")


model = get_model()
model.fit(
    x_train, y_train, batch_size=32, verbose=0, validation_split=0.5, callbacks=[CustomCallback()]
)
model.evaluate(x_test, y_test, batch_size=16, verbose=0, callbacks=[CustomCallback()])
model.predict(x_test, batch_size=16, verbose=0, callbacks=[CustomCallback()])
model = get_model()
model.fit(
    x_train, y_train, batch_size=64, epochs=6, verbose=0, callbacks=[EarlyStoppingAtMinLoss()]
)
model = get_model()
model.fit(
    x_train, y_train, batch_size=64, epochs=4, verbose=0, callbacks=[CustomLearningRateScheduler()]
)
