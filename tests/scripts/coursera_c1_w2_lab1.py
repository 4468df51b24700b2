"""After https-deeplearning-ai/tensorflow-1-public, C1_W2_Lab_1_beyond_hello_world."""

import numpy as np
import tensorflow as tf

print(tf.__version__)
fmnist = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = fmnist.load_data()
index = 0
np.set_printoptions(linewidth=320)
print(f"LABEL: {training_labels[index]}")
training_images = training_images / 255.0
test_images = test_images / 255.0
model = tf.keras.models.Sequential(
    [
        tf.keras.Input(shape=(28, 28)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(32, activation=tf.nn.relu),
        tf.keras.layers.Dense(10, activation=tf.nn.softmax),
    ]
)
inputs = np.array([[1.0, 3.0, 4.0, 2.0]])
inputs = tf.convert_to_tensor(inputs)
print(f"input to softmax function: {inputs.numpy()}")
outputs = tf.keras.activations.softmax(inputs)
print(f"output of softmax function: {outputs.numpy()}")
total = tf.reduce_sum(outputs)
print(f"sum of outputs: {total}")
prediction = np.argmax(outputs)
print(f"class with highest probability: {prediction}")
model.compile(
    optimizer=tf.optimizers.Adam(),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(training_images, training_labels, epochs=2)
model.evaluate(test_images, test_labels)
classifications = model.predict(test_images)
print(classifications[0])
RESULT = [float(total), int(prediction)]
