"""After ThejanRupasinghe/keras-mnist-assignment, 2.py: pictures with noise."""

import numpy as np
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.utils import to_categorical

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(x_train.shape[0], 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(x_test.shape[0], 28, 28, 1).astype("float32") / 255
np.random.seed(3)
noise_factor = 0.5
x_train = x_train + noise_factor * np.random.normal(loc=0.0, scale=1.0, size=x_train.shape)
x_test = x_test + noise_factor * np.random.normal(loc=0.0, scale=1.0, size=x_test.shape)
x_train, x_test = np.clip(x_train, 0.0, 1.0), np.clip(x_test, 0.0, 1.0)
y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)
model = Sequential()
model.add(Conv2D(4, (3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=2, verbose=1)
print(model.evaluate(x_test, y_test, verbose=0))
