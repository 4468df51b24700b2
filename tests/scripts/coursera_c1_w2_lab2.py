"""After https-deeplearning-ai/tensorflow-1-public, C1_W2_Lab_2_callbacks."""

import tensorflow as tf

fmnist = tf.keras.datasets.fashion_mnist
(x_train, y_train), (x_test, y_test) = fmnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0


class myCallback(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        """Halts the training when the loss falls below a limit."""
        if logs["loss"] < 2.2:
            print("\nLoss is lower than 2.2 so cancelling training!")
            self.model.stop_training = True


callbacks = myCallback()
model = tf.keras.models.Sequential(
    [
        tf.keras.Input(shape=(28, 28)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(32, activation=tf.nn.relu),
        tf.keras.layers.Dense(10, activation=tf.nn.softmax),
    ]
)
model.compile(
    optimizer=tf.optimizers.Adam(),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, epochs=10, callbacks=[callbacks])
