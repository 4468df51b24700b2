"""After aorursy/KT_dataset_py, pranavcoder_keras-cnn-fashion-mnist; the CSV read by NumPy."""

import keras
import numpy as np
from keras.callbacks import EarlyStopping
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import Adam

train = np.loadtxt("fashion-mnist_train.csv", delimiter=",", skiprows=1)
test = np.loadtxt("fashion-mnist_test.csv", delimiter=",", skiprows=1)
x_train, y_train = train[:, 1:].astype("float32") / 255, train[:, 0]
x_test, y_test = test[:, 1:].astype("float32") / 255, test[:, 0]
x_validate, y_validate = x_train[:32].reshape(-1, 28, 28, 1), y_train[:32]
x_train, y_train = x_train[32:].reshape(-1, 28, 28, 1), y_train[32:]
x_test = x_test.reshape(x_test.shape[0], 28, 28, 1)
cnn_model = Sequential(
    [
        Conv2D(filters=4, kernel_size=3, activation="relu", input_shape=(28, 28, 1)),
        MaxPooling2D(pool_size=2),
        Dropout(0.2),
        Flatten(),
        Dense(16, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
cnn_model.compile(
    loss="sparse_categorical_crossentropy",
    optimizer=Adam(learning_rate=0.001),
    metrics=["accuracy"],
)
cnn_model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=2,
    verbose=1,
    validation_data=(x_validate, y_validate),
    callbacks=[EarlyStopping(patience=3)],
)
score = cnn_model.evaluate(x_test, y_test, verbose=0)
print("test loss: {:.4f}, test accuracy: {:.4f}".format(*score))
predicted = np.argmax(cnn_model.predict(x_test), axis=1)
