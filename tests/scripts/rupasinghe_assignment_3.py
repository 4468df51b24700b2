"""After ThejanRupasinghe/keras-mnist-assignment, 3.py: an autoencoder against noise."""

import numpy as np
from keras.datasets import mnist
from keras.layers import Conv2D, Input, MaxPooling2D, UpSampling2D
from keras.models import Model, Sequential

(x_train, _), (x_test, _) = mnist.load_data()
x_train = np.reshape(x_train.astype("float32") / 255.0, (len(x_train), 28, 28, 1))
x_test = np.reshape(x_test.astype("float32") / 255.0, (len(x_test), 28, 28, 1))
np.random.seed(3)
x_train_noisy = x_train + 0.5 * np.random.normal(size=x_train.shape)
x_test_noisy = x_test + 0.5 * np.random.normal(size=x_test.shape)
x_train_noisy, x_test_noisy = np.clip(x_train_noisy, 0, 1), np.clip(x_test_noisy, 0, 1)
autoencoder = Sequential()
autoencoder.add(Conv2D(4, (3, 3), activation="relu", padding="same", input_shape=(28, 28, 1)))
autoencoder.add(MaxPooling2D((2, 2), padding="same"))
autoencoder.add(Conv2D(4, (3, 3), activation="relu", padding="same"))
autoencoder.add(MaxPooling2D((2, 2), padding="same"))
autoencoder.add(Conv2D(4, (3, 3), activation="relu", padding="same"))
autoencoder.add(UpSampling2D((2, 2)))
autoencoder.add(Conv2D(4, (3, 3), activation="relu", padding="same"))
autoencoder.add(UpSampling2D((2, 2)))
autoencoder.add(Conv2D(1, (3, 3), activation="sigmoid", padding="same"))
autoencoder.compile(optimizer="adadelta", loss="binary_crossentropy")
autoencoder.fit(
    x_train_noisy,
    x_train,
    epochs=2,
    batch_size=32,
    shuffle=True,
    validation_data=(x_test_noisy, x_test),
)
print(autoencoder.predict(x_test_noisy).shape)
