"""After lmoroney/dlaicourse, Course 1, Part 4, Lesson 2."""

import matplotlib.pyplot as plt
import tensorflow as tf

print(tf.__version__)


class myCallback(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if logs.get("loss") < 0.4:
            print("\nReached 60% accuracy so cancelling training!")
            self.model.stop_training = True


mnist = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = mnist.load_data()
plt.imshow(training_images[0])
plt.close("all")
training_images = training_images / 255.0
test_images = test_images / 255.0
model = tf.keras.models.Sequential(
    [
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
model.fit(training_images, training_labels, epochs=2, callbacks=[myCallback()])
model.evaluate(test_images, test_labels)
classifications = model.predict(test_images)
print(classifications[0], test_labels[0])
