"""After isocy/Laurence_Moroney, Chap2, Fashion_MNIST.py."""

from tensorflow import keras
from tensorflow.keras.layers import Dense, Flatten

mnist = keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = mnist.load_data()
training_images, test_images = training_images / 255.0, test_images / 255.0
model = keras.models.Sequential(
    [
        Flatten(input_shape=(28, 28)),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(training_images, training_labels, epochs=2)
model.evaluate(test_images, test_labels)
classifications = model.predict(test_images)
print(classifications[0], test_labels[0])
