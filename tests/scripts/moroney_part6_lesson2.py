"""After lmoroney/dlaicourse, Course 1, Part 6, Lesson 2; its feature maps from model.inputs."""

import matplotlib.pyplot as plt
import tensorflow as tf
from tensorflow.keras import models

mnist = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = mnist.load_data()
training_images = training_images.reshape(len(training_images), 28, 28, 1)
training_images = training_images / 255.0
test_images = test_images.reshape(len(test_images), 28, 28, 1)
test_images = test_images / 255.0
model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Conv2D(4, (3, 3), activation="relu", input_shape=(28, 28, 1)),
        tf.keras.layers.MaxPooling2D(2, 2),
        tf.keras.layers.Conv2D(4, (3, 3), activation="relu"),
        tf.keras.layers.MaxPooling2D(2, 2),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
model.fit(training_images, training_labels, epochs=2)
test_loss = model.evaluate(test_images, test_labels)
print(test_labels[:10])
f, axarr = plt.subplots(1, 4)
layer_outputs = [layer.output for layer in model.layers]
activation_model = tf.keras.models.Model(inputs=model.inputs, outputs=layer_outputs)
RESULT = []
for x in range(4):
    f1 = activation_model.predict(test_images[0].reshape(1, 28, 28, 1))[x]
    axarr[x].imshow(f1[0, :, :, 1], cmap="inferno")
    RESULT.append(float(f1.mean()))
plt.close("all")
