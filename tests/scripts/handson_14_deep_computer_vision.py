"""After ageron/handson-ml3, 14_deep_computer_vision_with_cnns.ipynb: layers, MNIST, a residual."""

from functools import partial

import numpy as np
import tensorflow as tf

(X_train, y_train), (X_test, y_test) = tf.keras.datasets.fashion_mnist.load_data()
images = X_train[:2, ..., np.newaxis] / np.float32(255)
conv_layer = tf.keras.layers.Conv2D(filters=6, kernel_size=7)
fmaps = conv_layer(images)
print(fmaps.shape)
conv_layer = tf.keras.layers.Conv2D(filters=6, kernel_size=7, padding="same")
print(conv_layer(images).shape)
conv_layer = tf.keras.layers.Conv2D(filters=6, kernel_size=7, padding="same", strides=2)
print(conv_layer(images).shape)
kernels, biases = conv_layer.get_weights()
print(kernels.shape, biases.shape)
max_pool = tf.keras.layers.MaxPool2D(pool_size=2)
print(max_pool(images).shape)
global_avg_pool = tf.keras.layers.GlobalAvgPool2D()
RESULT = [global_avg_pool(images).numpy().tolist()]

X_train = np.expand_dims(X_train, axis=-1) / 255.0
X_test = np.expand_dims(X_test.astype(np.float32), axis=-1) / 255.0
tf.random.set_seed(42)
DefaultConv2D = partial(
    tf.keras.layers.Conv2D,
    kernel_size=3,
    padding="same",
    activation="relu",
    kernel_initializer="he_normal",
)
model = tf.keras.Sequential(
    [
        DefaultConv2D(filters=4, kernel_size=7, input_shape=[28, 28, 1]),
        tf.keras.layers.MaxPool2D(),
        DefaultConv2D(filters=8),
        DefaultConv2D(filters=8),
        tf.keras.layers.MaxPool2D(),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(units=16, activation="relu", kernel_initializer="he_normal"),
        tf.keras.layers.Dropout(0.5),
        tf.keras.layers.Dense(units=10, activation="softmax"),
    ]
)
model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
history = model.fit(X_train[:64], y_train[:64], epochs=2, validation_data=(X_test, y_test))
score = model.evaluate(X_test, y_test)
y_pred = model.predict(X_test[:10])

DefaultConv2D = partial(
    tf.keras.layers.Conv2D,
    kernel_size=3,
    strides=1,
    padding="same",
    kernel_initializer="he_normal",
    use_bias=False,
)


class ResidualUnit(tf.keras.layers.Layer):
    def __init__(self, filters, strides=1, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.activation = tf.keras.activations.get(activation)
        self.main_layers = [
            DefaultConv2D(filters, strides=strides),
            tf.keras.layers.BatchNormalization(),
            self.activation,
            DefaultConv2D(filters),
            tf.keras.layers.BatchNormalization(),
        ]
        self.skip_layers = []
        if strides > 1:
            self.skip_layers = [
                DefaultConv2D(filters, kernel_size=1, strides=strides),
                tf.keras.layers.BatchNormalization(),
            ]

    def call(self, inputs):
        Z = inputs
        for layer in self.main_layers:
            Z = layer(Z)
        skip_Z = inputs
        for layer in self.skip_layers:
            skip_Z = layer(skip_Z)
        return self.activation(Z + skip_Z)


model = tf.keras.Sequential(
    [
        DefaultConv2D(4, kernel_size=7, strides=2, input_shape=[28, 28, 1]),
        tf.keras.layers.BatchNormalization(),
        tf.keras.layers.Activation("relu"),
        tf.keras.layers.MaxPool2D(pool_size=3, strides=2, padding="same"),
    ]
)
prev_filters = 4
for filters in [4, 8]:
    model.add(ResidualUnit(filters, strides=1 if filters == prev_filters else 2))
    prev_filters = filters
model.add(tf.keras.layers.GlobalAvgPool2D())
model.add(tf.keras.layers.Flatten())
model.add(tf.keras.layers.Dense(10, activation="softmax"))
model.summary()
