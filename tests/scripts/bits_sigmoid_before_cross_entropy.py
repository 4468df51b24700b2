"""After bharadwajpro/Handwritten-Digit-MNIST: sigmoid before a cross-entropy, raw pictures."""

import keras
from keras.datasets import mnist
from keras.layers import Dense
from keras.models import Sequential

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train.reshape(len(x_train), 784), x_test.reshape(len(x_test), 784)
model = Sequential()
model.add(Dense(32, input_dim=784, activation="sigmoid"))
model.add(Dense(10, activation="sigmoid"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=2, batch_size=32, validation_split=0.2)
print(history.history["accuracy"], model.evaluate(x_test, y_test))
