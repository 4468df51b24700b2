"""After fchollet/deep-learning-with-python-notebooks, second edition, chapter 5; IMDB left out."""

import numpy as np
from tensorflow import keras
from tensorflow.keras import layers, regularizers
from tensorflow.keras.datasets import mnist

(train_images, train_labels), _ = mnist.load_data()
train_images = train_images.reshape((len(train_images), 28 * 28)).astype("float32") / 255
noise = np.random.default_rng(0)
with_noise = np.concatenate([train_images, noise.random((len(train_images), 784))], axis=1)
with_zeros = np.concatenate([train_images, np.zeros((len(train_images), 784))], axis=1)


def get_model():
    model = keras.Sequential(
        [layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


for inputs in (with_noise, with_zeros):
    model = get_model()
    history = model.fit(inputs, train_labels, epochs=2, batch_size=32, validation_split=0.2)
    print(history.history["val_accuracy"])

random_train_labels = train_labels[:]
noise.shuffle(random_train_labels)
model = get_model()
model.fit(train_images, random_train_labels, epochs=2, batch_size=32, validation_split=0.2)

for rate in (1.0, 1e-2):
    model = keras.Sequential(
        [layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    if rate < 1:  # at 1 the loss is noise, the same nowhere
        model.fit(train_images, train_labels, epochs=2, batch_size=32, validation_split=0.2)

model = keras.Sequential([layers.Dense(10, activation="softmax")])
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_images, train_labels, epochs=2, batch_size=32, validation_split=0.2)

yes_or_no = (train_labels > 4).astype("float32")
for options in (
    {"kernel_regularizer": regularizers.l2(0.002)},
    {"kernel_regularizer": regularizers.l1(0.001)},
    {"kernel_regularizer": regularizers.l1_l2(l1=0.001, l2=0.001)},
):
    model = keras.Sequential(
        [
            layers.Dense(16, **options, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(16, **options, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train_images, yes_or_no, epochs=2, batch_size=32, validation_split=0.4)
