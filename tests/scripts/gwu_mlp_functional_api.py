"""After amir-jafari/Deep-Learning, MLP, 4_FunctionalAPI."""

import tensorflow as tf
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Add, BatchNormalization, Dense, Dropout, Input
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.utils import to_categorical

tf.random.set_seed(42)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train.reshape(len(x_train), -1) / 255, x_test.reshape(len(x_test), -1) / 255
y_train, y_test = to_categorical(y_train), to_categorical(y_test, num_classes=10)


def res_block(x_in, n_neurons):
    x = Dense(n_neurons, activation="relu")(x_in)
    x = Dropout(0.2)(x)
    x = BatchNormalization()(x)
    return Add()([x, x_in])


x_in = Input(shape=(784,))
x = Dense(16, activation="relu")(x_in)
for _ in range(2):
    x = res_block(x, 16)
x_out = Dense(10, activation="softmax")(x)
model = Model(inputs=x_in, outputs=x_out)
model.compile(
    optimizer=Adam(learning_rate=1e-3), loss="categorical_crossentropy", metrics=["accuracy"]
)
model.fit(x_train, y_train, batch_size=32, epochs=2, validation_data=(x_test, y_test))
print(model.evaluate(x_test, y_test))
