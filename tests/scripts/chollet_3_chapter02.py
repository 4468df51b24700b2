"""After fchollet/deep-learning-with-python-notebooks, third edition, chapter 2."""

import math

import numpy as np
import tensorflow as tf

import keras
from keras import layers, ops
from keras.datasets import mnist

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
model = keras.Sequential(
    [layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
train_images = train_images.reshape((len(train_images), 28 * 28)).astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28 * 28)).astype("float32") / 255
model.fit(train_images, train_labels, epochs=2, batch_size=32)
test_digits = test_images[0:10]
predictions = model.predict(test_digits)
print(predictions[0].argmax(), predictions[0][7], test_labels[0])
test_loss, test_acc = model.evaluate(test_images, test_labels)
print(f"test_acc: {test_acc}")


class NaiveDense:
    def __init__(self, input_size, output_size, activation=None):
        self.activation = activation
        self.W = keras.Variable(
            np.random.default_rng(input_size).uniform(-0.1, 0.1, (input_size, output_size)),
            dtype="float32",
        )
        self.b = keras.Variable(np.zeros((output_size,)), dtype="float32")

    def __call__(self, inputs):
        x = ops.matmul(inputs, self.W)
        x = x + self.b
        return x if self.activation is None else self.activation(x)

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


model = NaiveSequential(
    [NaiveDense(784, 32, activation=ops.relu), NaiveDense(32, 10, activation=ops.softmax)]
)


class BatchGenerator:
    def __init__(self, images, labels, batch_size=32):
        self.index, self.images, self.labels = 0, images, labels
        self.batch_size, self.num_batches = batch_size, math.ceil(len(images) / batch_size)

    def next(self):
        here = slice(self.index, self.index + self.batch_size)
        self.index += self.batch_size
        return self.images[here], self.labels[here]


learning_rate = 1e-1


def update_weights(gradients, weights):
    for g, w in zip(gradients, weights):
        w.assign(w - g * learning_rate)


def one_training_step(model, images_batch, labels_batch):
    with tf.GradientTape() as tape:
        predictions = model(images_batch)
        loss = ops.sparse_categorical_crossentropy(labels_batch, predictions)
        average_loss = ops.mean(loss)
    gradients = tape.gradient(average_loss, model.weights)
    update_weights(gradients, model.weights)
    return average_loss


RESULT = []
for epoch in range(2):
    batches = BatchGenerator(train_images, train_labels)
    for _ in range(batches.num_batches):
        loss = one_training_step(model, *batches.next())
        RESULT.append(float(loss))
predictions = ops.convert_to_numpy(model(test_images))
print("accuracy:", (np.argmax(predictions, axis=1) == test_labels).mean())
