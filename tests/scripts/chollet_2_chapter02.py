"""After fchollet/deep-learning-with-python-notebooks, second edition, chapter 2."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, optimizers
from tensorflow.keras.datasets import mnist

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
model = keras.Sequential(
    [layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
train_images = train_images.reshape((len(train_images), 28 * 28)).astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28 * 28)).astype("float32") / 255
model.fit(train_images, train_labels, epochs=2, batch_size=32)
predictions = model.predict(test_images[0:10])
test_loss, test_acc = model.evaluate(test_images, test_labels)
print(f"test_acc: {test_acc}")

x = tf.Variable(0.0)
with tf.GradientTape() as tape:
    y = 2 * x + 3
grad_of_y_wrt_x = tape.gradient(y, x)
W = tf.Variable(tf.random.uniform((2, 2)))
b = tf.Variable(tf.zeros((2,)))
x = tf.random.uniform((2, 2))
with tf.GradientTape() as tape:
    y = tf.matmul(x, W) + b
grad_of_y_wrt_W_and_b = tape.gradient(y, [W, b])


class NaiveDense:
    def __init__(self, input_size, output_size, activation):
        self.activation = activation
        w_initial_value = np.random.default_rng(1).uniform(-0.05, 0.05, (input_size, output_size))
        self.W = tf.Variable(w_initial_value.astype("float32"))
        self.b = tf.Variable(tf.zeros((output_size,)))

    def __call__(self, inputs):
        return self.activation(tf.matmul(inputs, self.W) + self.b)

    @property
    def weights(self):
        return [self.W, self.b]


class NaiveSequential:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, inputs):
        x = inputs
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def weights(self):
        return [weight for layer in self.layers for weight in layer.weights]


model = NaiveSequential([NaiveDense(784, 32, tf.nn.relu), NaiveDense(32, 10, tf.nn.softmax)])
optimizer = optimizers.SGD(learning_rate=1e-2)


def one_training_step(model, images_batch, labels_batch):
    with tf.GradientTape() as tape:
        predictions = model(images_batch)
        per_sample = tf.keras.losses.sparse_categorical_crossentropy(labels_batch, predictions)
        average_loss = tf.reduce_mean(per_sample)
    gradients = tape.gradient(average_loss, model.weights)
    optimizer.apply_gradients(zip(gradients, model.weights))
    return average_loss


RESULT = [float(grad_of_y_wrt_x)]
for epoch in range(2):
    for start in range(0, len(train_images), 32):
        batch = slice(start, start + 32)
        loss = one_training_step(model, train_images[batch], train_labels[batch])
        RESULT.append(float(loss))
        if start % 64 == 0:
            print(f"loss at batch {start}: {loss:.2f}")
predictions = model(test_images).numpy()
matches = np.argmax(predictions, axis=1) == test_labels
print(f"accuracy: {matches.mean():.2f}")
