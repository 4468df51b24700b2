"""After petersonchiquetto/keras-mnist-mlp."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.utils import to_categorical

(x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_train = x_train.reshape((len(x_train), 784)).astype("float32") / 255
x_test = x_test.reshape((len(x_test), 784)).astype("float32") / 255
y_train, y_test = to_categorical(y_train), to_categorical(y_test)
model = Sequential()
model.add(Dense(32, activation="relu", input_shape=(784,)))
model.add(Dense(16, activation="relu"))
model.add(Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=3, batch_size=32, validation_split=0.2)
test_loss, test_acc = model.evaluate(x_test, y_test)
fig, (ax1, ax2) = plt.subplots(1, 2)
ax1.plot(history.history["accuracy"])
ax1.plot(history.history["val_accuracy"])
ax2.plot(history.history["loss"])
ax2.plot(history.history["val_loss"])
plt.close("all")
print(np.argmax(model.predict(x_test[:5]), axis=1))
