"""After keras-team/keras in 2020, examples/mnist_transfer_cnn.py."""

import datetime

import keras
from keras import backend as K
from keras.datasets import mnist
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential

now = datetime.datetime.now
input_shape = (28, 28, 1) if K.image_data_format() == "channels_last" else (1, 28, 28)


def train_model(model, train, test, num_classes):
    x_train = train[0].reshape((train[0].shape[0], *input_shape)).astype("float32") / 255
    x_test = test[0].reshape((test[0].shape[0], *input_shape)).astype("float32") / 255
    y_train = keras.utils.to_categorical(train[1], num_classes)
    y_test = keras.utils.to_categorical(test[1], num_classes)
    model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])
    t = now()
    model.fit(
        x_train, y_train, batch_size=16, epochs=2, verbose=1, validation_data=(x_test, y_test)
    )
    print("Training time: %s" % (now() - t))
    score = model.evaluate(x_test, y_test, verbose=0)
    print("Test score:", score[0], "Test accuracy:", score[1])


(x_train, y_train), (x_test, y_test) = mnist.load_data()
low, high = y_train < 5, y_train >= 5
feature_layers = [
    Conv2D(4, 3, padding="valid", input_shape=input_shape),
    Activation("relu"),
    Conv2D(4, 3),
    Activation("relu"),
    MaxPooling2D(pool_size=2),
    Dropout(0.25),
    Flatten(),
]
classification_layers = [
    Dense(16),
    Activation("relu"),
    Dropout(0.5),
    Dense(5),
    Activation("softmax"),
]
model = Sequential(feature_layers + classification_layers)
train_model(
    model,
    (x_train[low], y_train[low]),
    (x_test[y_test < 5], y_test[y_test < 5]),
    5,
)
for layer in feature_layers:
    layer.trainable = False
train_model(
    model,
    (x_train[high], y_train[high] - 5),
    (x_test[y_test >= 5], y_test[y_test >= 5] - 5),
    5,
)
