"""After mrunaliniskulkarni100/DepressionAnalyser, NeuralNet/main.py; the CSV read by NumPy."""

import numpy as np
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.utils import to_categorical

train = np.loadtxt("fashion-mnist_train.csv", delimiter=",", skiprows=1)
test = np.loadtxt("fashion-mnist_test.csv", delimiter=",", skiprows=1)
X_train, y_train = train[:, 1:].reshape(-1, 28, 28, 1) / 255, to_categorical(train[:, 0], 10)
X_test, y_test = test[:, 1:].reshape(-1, 28, 28, 1) / 255, to_categorical(test[:, 0], 10)
model = Sequential()
model.add(Conv2D(4, kernel_size=3, activation="relu", input_shape=(28, 28, 1)))
model.add(MaxPooling2D(pool_size=2))
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
RESULT = [model.count_params(), *y_test.sum(axis=0)]
