"""After isocy/Laurence_Moroney, Chap3, Fashion_MNIST_with_CNN.py."""

import keras
from keras.layers import *

data = keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = data.load_data()
training_images = training_images.reshape(-1, 28, 28, 1) / 255.0
test_images = test_images.reshape(-1, 28, 28, 1) / 255.0
model = keras.models.Sequential(
    [
        Conv2D(4, (3, 3), activation="relu", input_shape=(28, 28, 1)),
        MaxPool2D(2, 2),
        Conv2D(4, (3, 3), activation="relu"),
        MaxPool2D(2, 2),
        Flatten(),
        Dense(16, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
model.fit(training_images, training_labels, epochs=2)
model.evaluate(test_images, test_labels)
print(model.predict(test_images)[0], test_labels[0])
