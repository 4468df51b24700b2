"""After isocy/Laurence_Moroney, Chap2, Fashion_MNIST_with_Callback.py."""

from tensorflow import keras
from tensorflow.keras.callbacks import Callback
from tensorflow.keras.layers import Dense, Flatten


class MyCallback(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("loss") < 2.1:
            print("\nReached the loss so cancelling training!")
            self.model.stop_training = True


(training_images, training_labels), (test_images, test_labels) = (
    keras.datasets.fashion_mnist.load_data()
)
training_images, test_images = training_images / 255.0, test_images / 255.0
model = keras.models.Sequential(
    [
        Flatten(input_shape=(28, 28)),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(training_images, training_labels, epochs=9, callbacks=[MyCallback()])
