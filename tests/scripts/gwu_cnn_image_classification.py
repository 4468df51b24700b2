"""After amir-jafari/Deep-Learning, CNN, 1_ImageClassification."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import backend as K
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
)
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.utils import to_categorical

tf.random.set_seed(42)
np.random.seed(42)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
if K.image_data_format() == "channels_first":
    x_train = x_train.reshape(len(x_train), 1, 28, 28)
    x_test = x_test.reshape(len(x_test), 1, 28, 28)
    input_shape = (1, 28, 28)
else:
    x_train = x_train.reshape(len(x_train), 28, 28, 1)
    x_test = x_test.reshape(len(x_test), 28, 28, 1)
    input_shape = (28, 28, 1)
x_train, x_test = x_train / 255, x_test / 255
y_train, y_test = to_categorical(y_train, num_classes=10), to_categorical(y_test, num_classes=10)
model = Sequential()
model.add(Conv2D(4, (3, 3), activation="relu", input_shape=input_shape))
model.add(BatchNormalization())
model.add(MaxPooling2D((2, 2)))
model.add(Conv2D(6, (3, 3)))
model.add(Activation("relu"))
model.add(BatchNormalization())
model.add(AveragePooling2D((2, 2)))
model.add(Flatten())
model.add(Dense(16, activation="relu"))
model.add(Dropout(0.2))
model.add(BatchNormalization())
model.add(Dense(10, activation="softmax"))
model.compile(
    optimizer=Adam(learning_rate=1e-3), loss="categorical_crossentropy", metrics=["accuracy"]
)
model.fit(x_train, y_train, batch_size=32, epochs=2, validation_data=(x_test, y_test))
print("The accuracy on the test set is", 100 * model.evaluate(x_test, y_test)[1], "%")
