"""After ageron/handson-ml3, 11_training_deep_neural_networks.ipynb; constraints left out."""

import math

import numpy as np
import tensorflow as tf

(X_train, y_train), (X_test, y_test) = tf.keras.datasets.fashion_mnist.load_data()
X_train, X_valid = X_train[:-32] / 255, X_train[-32:] / 255
y_train, y_valid = y_train[:-32], y_train[-32:]
dense = tf.keras.layers.Dense(50, activation="relu", kernel_initializer="he_normal")
he_avg_init = tf.keras.initializers.VarianceScaling(
    scale=2.0, mode="fan_avg", distribution="uniform"
)
dense = tf.keras.layers.Dense(50, activation="sigmoid", kernel_initializer=he_avg_init)
leaky_relu = tf.keras.layers.LeakyReLU(negative_slope=0.2)
dense = tf.keras.layers.Dense(50, activation=leaky_relu, kernel_initializer="he_normal")
model = tf.keras.models.Sequential(
    [tf.keras.layers.Dense(50, kernel_initializer="he_normal"), leaky_relu]
)

tf.random.set_seed(42)
model = tf.keras.Sequential()
model.add(tf.keras.layers.Flatten(input_shape=[28, 28]))
for _ in range(4):
    model.add(tf.keras.layers.Dense(20, activation="selu", kernel_initializer="lecun_normal"))
model.add(tf.keras.layers.Dense(10, activation="softmax"))
model.compile(
    loss="sparse_categorical_crossentropy",
    optimizer=tf.keras.optimizers.SGD(learning_rate=0.001),
    metrics=["accuracy"],
)
pixel_means = X_train.mean(axis=0, keepdims=True)
pixel_stds = X_train.std(axis=0, keepdims=True) + 1e-3
history = model.fit(
    (X_train - pixel_means) / pixel_stds,
    y_train,
    epochs=2,
    validation_data=((X_valid - pixel_means) / pixel_stds, y_valid),
)

model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=[28, 28]),
        tf.keras.layers.BatchNormalization(),
        tf.keras.layers.Dense(30, kernel_initializer="he_normal", use_bias=False),
        tf.keras.layers.BatchNormalization(),
        tf.keras.layers.Activation("relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
print([(var.name, var.trainable) for var in model.layers[1].variables])
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))
optimizer = tf.keras.optimizers.SGD(clipvalue=1.0)
model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer)
optimizer = tf.keras.optimizers.SGD(clipnorm=1.0)
model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer)


def build_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(input_shape=[28, 28]),
            tf.keras.layers.Dense(20, activation="relu", kernel_initializer="he_normal"),
            tf.keras.layers.Dense(20, activation="relu", kernel_initializer="he_normal"),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )


model_A = build_model()
model_B_on_A = tf.keras.Sequential(model_A.layers[:-1])
model_B_on_A.add(tf.keras.layers.Dense(1, activation="sigmoid"))
for layer in model_B_on_A.layers[:-1]:
    layer.trainable = False
model_B_on_A.compile(
    loss="binary_crossentropy",
    optimizer=tf.keras.optimizers.SGD(learning_rate=0.001),
    metrics=["accuracy"],
)
model_B_on_A.fit(X_train, y_train > 4, epochs=2)
for layer in model_B_on_A.layers[:-1]:
    layer.trainable = True


def build_and_train_model(optimizer):
    model = build_model()
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))


build_and_train_model(tf.keras.optimizers.SGD(learning_rate=0.001, momentum=0.9))
build_and_train_model(tf.keras.optimizers.SGD(learning_rate=0.001, momentum=0.9, nesterov=True))
build_and_train_model(tf.keras.optimizers.Adagrad(learning_rate=0.001))
build_and_train_model(tf.keras.optimizers.RMSprop(learning_rate=0.001, rho=0.9))
build_and_train_model(tf.keras.optimizers.Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999))
build_and_train_model(tf.keras.optimizers.Adamax(learning_rate=0.001, beta_1=0.9))
build_and_train_model(tf.keras.optimizers.Nadam(learning_rate=0.001, beta_1=0.9))
build_and_train_model(tf.keras.optimizers.AdamW(weight_decay=1e-5, learning_rate=0.001))


def exponential_decay_fn(epoch, lr):
    return lr * 0.1 ** (1 / 20)


class ExponentialDecay(tf.keras.callbacks.Callback):
    def on_batch_begin(self, batch, logs=None):
        lr = self.model.optimizer.learning_rate.numpy()
        self.model.optimizer.learning_rate = lr * 0.1 ** (1 / 20)


model = build_model()
model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
lr_scheduler = tf.keras.callbacks.LearningRateScheduler(exponential_decay_fn)
model.fit(X_train, y_train, epochs=2, callbacks=[lr_scheduler])
model.fit(X_train, y_train, epochs=2, callbacks=[ExponentialDecay()])
lr_scheduler = tf.keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=5)
history = model.fit(
    X_train, y_train, epochs=2, validation_data=(X_valid, y_valid), callbacks=[lr_scheduler]
)
print(history.history["learning_rate"])
scheduled_learning_rate = tf.keras.optimizers.schedules.ExponentialDecay(
    initial_learning_rate=0.01, decay_steps=math.ceil(len(X_train) / 32), decay_rate=0.1
)
build_and_train_model(tf.keras.optimizers.SGD(learning_rate=scheduled_learning_rate))


class ExponentialLearningRate(tf.keras.callbacks.Callback):
    def __init__(self, factor):
        super().__init__()
        self.factor, self.rates, self.losses = factor, [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.sum_of_epoch_losses = 0

    def on_batch_end(self, batch, logs=None):
        mean_epoch_loss = logs["loss"]
        new_sum_of_epoch_losses = mean_epoch_loss * (batch + 1)
        batch_loss = new_sum_of_epoch_losses - self.sum_of_epoch_losses
        self.sum_of_epoch_losses = new_sum_of_epoch_losses
        lr = float(self.model.optimizer.learning_rate.numpy())
        self.rates.append(lr)
        self.losses.append(batch_loss)
        self.model.optimizer.learning_rate = lr * self.factor


model = build_model()
model.compile(
    loss="sparse_categorical_crossentropy",
    optimizer=tf.keras.optimizers.SGD(learning_rate=1e-3),
    metrics=["accuracy"],
)
exp_lr = ExponentialLearningRate(factor=1.5)
init_weights = model.get_weights()
model.fit(X_train, y_train, epochs=1, batch_size=8, callbacks=[exp_lr])
model.set_weights(init_weights)

layer = tf.keras.layers.Dense(
    100,
    activation="relu",
    kernel_initializer="he_normal",
    kernel_regularizer=tf.keras.regularizers.l2(0.01),
)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=[28, 28]),
        tf.keras.layers.Dropout(rate=0.2),
        tf.keras.layers.Dense(30, activation="relu", kernel_initializer="he_normal"),
        tf.keras.layers.Dropout(rate=0.2),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
optimizer = tf.keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))
y_probas = np.stack([model(X_test, training=True) for sample in range(3)])
y_proba = y_probas.mean(axis=0)


class MCDropout(tf.keras.layers.Dropout):
    def call(self, inputs, training=False):
        return super().call(inputs, training=True)


mc_model = tf.keras.Sequential(
    [
        MCDropout(layer.rate) if isinstance(layer, tf.keras.layers.Dropout) else layer
        for layer in model.layers
    ]
)
mc_model.set_weights(model.get_weights())
RESULT = [exp_lr.rates, exp_lr.losses]
