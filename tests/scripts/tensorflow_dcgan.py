"""After tensorflow/docs tutorials/generative/dcgan: Conv2DTranspose, two tapes, two optimizers."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

(train_images, _), (_, _) = tf.keras.datasets.mnist.load_data()
train_images = train_images.reshape(train_images.shape[0], 28, 28, 1).astype("float32")
train_images = (train_images - 127.5) / 127.5
train_dataset = tf.data.Dataset.from_tensor_slices(train_images).batch(48)
noise_dim = 10
noises = np.random.default_rng(3).normal(size=(2, 48, noise_dim)).astype("float32")


def make_generator():
    model = tf.keras.Sequential()
    model.add(layers.Dense(7 * 7 * 4, use_bias=False, input_shape=(noise_dim,)))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Reshape((7, 7, 4)))
    model.add(layers.Conv2DTranspose(4, (5, 5), padding="same", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Conv2DTranspose(2, (5, 5), strides=(2, 2), padding="same", use_bias=False))
    model.add(layers.LeakyReLU(alpha=0.2))
    model.add(
        layers.Conv2DTranspose(
            1, (5, 5), strides=(2, 2), padding="same", use_bias=False, activation="tanh"
        )
    )
    assert model.output_shape == (None, 28, 28, 1)
    return model


def make_discriminator():
    model = tf.keras.Sequential()
    model.add(layers.Conv2D(4, (5, 5), strides=(2, 2), padding="same", input_shape=[28, 28, 1]))
    model.add(layers.LeakyReLU())
    model.add(layers.Dropout(0.3))
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    return model


generator, discriminator = make_generator(), make_discriminator()
decision = discriminator(generator(noises[0][:1], training=False))
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = tf.keras.optimizers.Adam(1e-3)
discriminator_optimizer = tf.keras.optimizers.Adam(1e-3)


def discriminator_loss(real_output, fake_output):
    real_loss = cross_entropy(tf.ones_like(real_output), real_output)
    fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)
    return real_loss + fake_loss


def generator_loss(fake_output):
    return cross_entropy(tf.ones_like(fake_output), fake_output)


@tf.function
def train_step(images, noise):
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        generated = generator(noise, training=True)
        real_output = discriminator(images, training=True)
        fake_output = discriminator(generated, training=True)
        gen_loss = generator_loss(fake_output)
        disc_loss = discriminator_loss(real_output, fake_output)
    of_generator = gen_tape.gradient(gen_loss, generator.trainable_variables)
    of_discriminator = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
    generator_optimizer.apply_gradients(zip(of_generator, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(
        zip(of_discriminator, discriminator.trainable_variables)
    )
    return gen_loss, disc_loss


RESULT = [[float(decision[0, 0])]]
for _ in range(2):
    for noise, image_batch in zip(noises, train_dataset):
        RESULT.append([float(loss) for loss in train_step(image_batch, noise)])
RESULT.append([float(tf.reduce_mean(generator(noises[1], training=False)))])
