"""After overvoidjs/neural_fasion, train.py."""

from tensorflow.keras.datasets import fashion_mnist
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras import utils

(x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
x_train, x_test = x_train.reshape(len(x_train), 784) / 255, x_test.reshape(-1, 784) / 255
y_train, y_test = utils.to_categorical(y_train, 10), utils.to_categorical(y_test, 10)
model = Sequential()
model.add(Dense(32, input_dim=784, activation="relu"))
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="SGD", metrics=["accuracy"])
print(model.summary())
history = model.fit(x_train, y_train, batch_size=32, epochs=2, validation_split=0.2, verbose=1)
scores = model.evaluate(x_test, y_test, verbose=1)
print("Accuracy on test data:", round(scores[1] * 100, 4))
model.save("fashion_mnist_dense.h5")
