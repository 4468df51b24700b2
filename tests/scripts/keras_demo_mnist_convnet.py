"""After keras-team/keras, examples/demo_mnist_convnet.py."""

import numpy as np

import keras
from keras import layers
from keras.utils import to_categorical

num_classes = 10
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.expand_dims(x_train.astype("float32") / 255, 3)
x_test = np.expand_dims(x_test.astype("float32") / 255, 3)
y_train = to_categorical(y_train, num_classes)
y_test = to_categorical(y_test, num_classes)
model = keras.Sequential(
    [
        layers.Input(shape=(28, 28, 1)),
        layers.Conv2D(6, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(6, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(num_classes, activation="softmax"),
    ]
)
model.summary()
model.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=32, epochs=2, validation_split=0.1)
score = model.evaluate(x_test, y_test, verbose=0)
print(score)
