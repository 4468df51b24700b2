"""After amir-jafari/Deep-Learning, MLP, 3_ImageClassification."""

import os
import random

import numpy as np
import tensorflow as tf
from tensorflow.keras.datasets import mnist
from tensorflow.keras.initializers import glorot_uniform
from tensorflow.keras.layers import BatchNormalization, Dense, Dropout
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.utils import to_categorical

SEED = 42
os.environ["PYTHONHASHSEED"] = str(SEED)
random.seed(SEED)
np.random.seed(SEED)
tf.random.set_seed(SEED)
weight_init = glorot_uniform(seed=SEED)
LR, N_NEURONS, N_EPOCHS, BATCH_SIZE, DROPOUT = 1e-3, (32, 16, 16), 2, 32, 0.2
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1)
x_train, x_test = x_train / 255, x_test / 255
y_train, y_test = to_categorical(y_train, num_classes=10), to_categorical(y_test, num_classes=10)
model = Sequential(
    [Dense(N_NEURONS[0], input_dim=784, kernel_initializer=weight_init, activation="relu")]
)
model.add(Dropout(DROPOUT))
model.add(BatchNormalization())
for n_neurons in N_NEURONS[1:]:
    model.add(Dense(n_neurons, activation="relu", kernel_initializer=weight_init))
    model.add(Dropout(DROPOUT, seed=SEED))
    model.add(BatchNormalization())
model.add(Dense(10, activation="softmax", kernel_initializer=weight_init))
model.compile(
    optimizer=Adam(learning_rate=LR), loss="categorical_crossentropy", metrics=["accuracy"]
)
model.fit(
    x_train,
    y_train,
    batch_size=BATCH_SIZE,
    epochs=N_EPOCHS,
    validation_data=(x_test, y_test),
)
print("The accuracy on the test set is", 100 * model.evaluate(x_test, y_test)[1], "%")
print(np.argmax(model.predict(x_test), axis=1)[:5])
