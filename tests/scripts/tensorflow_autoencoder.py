"""After tensorflow/docs tutorials/generative/autoencoder: two Sequentials in a class, noise."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses
from tensorflow.keras.datasets import fashion_mnist
from tensorflow.keras.models import Model

(x_train, _), (x_test, _) = fashion_mnist.load_data()
x_train = x_train.astype("float32") / 255.0
x_test = x_test.astype("float32") / 255.0


class Autoencoder(Model):
    def __init__(self, latent_dim, shape):
        super().__init__()
        self.encoder = tf.keras.Sequential(
            [layers.Flatten(), layers.Dense(latent_dim, activation="relu")]
        )
        self.decoder = tf.keras.Sequential(
            [
                layers.Dense(int(tf.math.reduce_prod(shape).numpy()), activation="sigmoid"),
                layers.Reshape(shape),
            ]
        )

    def call(self, x):
        return self.decoder(self.encoder(x))


autoencoder = Autoencoder(16, x_test.shape[1:])
autoencoder.compile(optimizer="adam", loss=losses.MeanSquaredError())
autoencoder.fit(x_train, x_train, epochs=2, shuffle=True, validation_data=(x_test, x_test))
encoded_imgs = autoencoder.encoder(x_test).numpy()
decoded_imgs = autoencoder.decoder(encoded_imgs).numpy()
x_train = x_train[..., tf.newaxis]
x_test = x_test[..., tf.newaxis]
noise = np.random.default_rng(1).normal(size=x_train.shape).astype("float32")
x_train_noisy = tf.clip_by_value(x_train + 0.2 * noise, clip_value_min=0.0, clip_value_max=1.0)
x_test_noisy = tf.clip_by_value(x_test, clip_value_min=0.0, clip_value_max=1.0)
print(tf.squeeze(x_test_noisy[0]).shape)


class Denoise(Model):
    def __init__(self):
        super().__init__()
        self.encoder = tf.keras.Sequential(
            [
                layers.Input(shape=(28, 28, 1)),
                layers.Conv2D(4, (3, 3), activation="relu", padding="same", strides=2),
                layers.Conv2D(2, (3, 3), activation="relu", padding="same", strides=2),
            ]
        )
        self.decoder = tf.keras.Sequential(
            [
                layers.Conv2DTranspose(
                    2, kernel_size=3, strides=2, activation="relu", padding="same"
                ),
                layers.Conv2DTranspose(
                    4, kernel_size=3, strides=2, activation="relu", padding="same"
                ),
                layers.Conv2D(1, kernel_size=(3, 3), activation="sigmoid", padding="same"),
            ]
        )

    def call(self, x):
        return self.decoder(self.encoder(x))


denoise = Denoise()
denoise.compile(optimizer="adam", loss=losses.MeanSquaredError())
denoise.fit(x_train_noisy, x_train, epochs=2, validation_data=(x_test_noisy, x_test))
denoise.encoder.summary()
RESULT = [decoded_imgs.mean(), denoise.decoder(denoise.encoder(x_test_noisy)).numpy().mean()]
