"""After ageron/handson-ml3, 10_neural_nets_with_keras.ipynb: the Fashion-MNIST classifier."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

fashion_mnist = tf.keras.datasets.fashion_mnist.load_data()
(X_train_full, y_train_full), (X_test, y_test) = fashion_mnist
X_train, y_train = X_train_full[:-32], y_train_full[:-32]
X_valid, y_valid = X_train_full[-32:], y_train_full[-32:]
X_train, X_valid, X_test = X_train / 255.0, X_valid / 255.0, X_test / 255.0
tf.random.set_seed(42)
model = tf.keras.Sequential()
model.add(tf.keras.layers.InputLayer(shape=[28, 28]))
model.add(tf.keras.layers.Flatten())
model.add(tf.keras.layers.Dense(30, activation="relu"))
model.add(tf.keras.layers.Dense(20, activation="relu"))
model.add(tf.keras.layers.Dense(10, activation="softmax"))
tf.keras.backend.clear_session()
tf.random.set_seed(42)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=[28, 28]),
        tf.keras.layers.Dense(30, activation="relu"),
        tf.keras.layers.Dense(20, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
print(model.layers)
hidden1 = model.layers[1]
print(hidden1.name, model.get_layer("dense") is hidden1)
weights, biases = hidden1.get_weights()
print(weights.shape, biases.shape)
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
model.compile(
    loss=tf.keras.losses.sparse_categorical_crossentropy,
    optimizer=tf.keras.optimizers.SGD(),
    metrics=[tf.keras.metrics.sparse_categorical_accuracy],
)
print(tf.keras.utils.to_categorical([0, 5, 1, 0], num_classes=10))
history = model.fit(X_train, y_train, epochs=3, validation_data=(X_valid, y_valid))
print(history.params, history.epoch)
for name, values in history.history.items():
    plt.plot(values, label=name)
plt.close("all")
model.evaluate(X_test, y_test)
X_new = X_test[:3]
y_proba = model.predict(X_new)
print(y_proba.round(2))
y_pred = y_proba.argmax(axis=-1)
np.array(["T-shirt/top"] * 10)[y_pred]

tf.keras.backend.clear_session()
tf.random.set_seed(42)
random = np.random.default_rng(1)
X_train, y_train = random.normal(size=(64, 8)), random.normal(size=64)
X_valid, y_valid = random.normal(size=(32, 8)), random.normal(size=32)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(50, activation="relu"),
        tf.keras.layers.Dense(50, activation="relu"),
        tf.keras.layers.Dense(1),
    ]
)
optimizer = tf.keras.optimizers.Adam(learning_rate=1e-3)
model.compile(loss="mse", optimizer=optimizer, metrics=["RootMeanSquaredError"])
history = model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))
mse_test, rmse_test = model.evaluate(X_valid, y_valid)
y_pred = model.predict(X_valid[:3])

input_ = tf.keras.layers.Input(shape=[8])
hidden_layer1 = tf.keras.layers.Dense(30, activation="relu")
hidden_layer2 = tf.keras.layers.Dense(30, activation="relu")
concat_layer = tf.keras.layers.Concatenate()
output_layer = tf.keras.layers.Dense(1)
hidden2 = hidden_layer2(hidden_layer1(input_))
concat = concat_layer([input_, hidden2])
output = output_layer(concat)
model = tf.keras.Model(inputs=[input_], outputs=[output])
model.summary()
model.compile(loss="mse", optimizer="adam", metrics=["RootMeanSquaredError"])
model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))

input_wide = tf.keras.layers.Input(shape=[5])
input_deep = tf.keras.layers.Input(shape=[6])
hidden1 = tf.keras.layers.Dense(30, activation="relu")(input_deep)
hidden2 = tf.keras.layers.Dense(30, activation="relu")(hidden1)
concat = tf.keras.layers.concatenate([input_wide, hidden2])
output = tf.keras.layers.Dense(1)(concat)
aux_output = tf.keras.layers.Dense(1)(hidden2)
model = tf.keras.Model(inputs=[input_wide, input_deep], outputs=[output])
model.compile(loss="mse", optimizer="adam", metrics=["RootMeanSquaredError"])
X_train_wide, X_train_deep = X_train[:, :5], X_train[:, 2:]
X_valid_wide, X_valid_deep = X_valid[:, :5], X_valid[:, 2:]
model.fit(
    (X_train_wide, X_train_deep),
    y_train,
    epochs=2,
    validation_data=((X_valid_wide, X_valid_deep), y_valid),
)
model.evaluate((X_valid_wide, X_valid_deep), y_valid)
model.predict((X_valid_wide[:3], X_valid_deep[:3]))
model = tf.keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])
model.compile(
    loss=("mse", "mse"),
    loss_weights=(0.9, 0.1),
    optimizer="adam",
    metrics=["RootMeanSquaredError", "RootMeanSquaredError"],
)
history = model.fit(
    (X_train_wide, X_train_deep),
    (y_train, y_train),
    epochs=2,
    validation_data=((X_valid_wide, X_valid_deep), (y_valid, y_valid)),
)
eval_results = model.evaluate((X_valid_wide, X_valid_deep), (y_valid, y_valid))
weighted_sum_of_losses, main_loss, aux_loss, main_rmse, aux_rmse = eval_results
y_pred_main, y_pred_aux = model.predict((X_valid_wide[:3], X_valid_deep[:3]))


class WideAndDeepModel(tf.keras.Model):
    def __init__(self, units=30, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.hidden1 = tf.keras.layers.Dense(units, activation=activation)
        self.hidden2 = tf.keras.layers.Dense(units, activation=activation)
        self.main_output = tf.keras.layers.Dense(1)

    def call(self, inputs):
        hidden1 = self.hidden1(inputs)
        hidden2 = self.hidden2(hidden1)
        return self.main_output(tf.keras.layers.concatenate([inputs, hidden2]))


model = WideAndDeepModel(30, activation="relu", name="my_cool_model")
model.compile(loss="mse", optimizer="adam", metrics=["RootMeanSquaredError"])
model.fit(X_train, y_train, epochs=2, validation_data=(X_valid, y_valid))
checkpoint_cb = tf.keras.callbacks.ModelCheckpoint(
    "my_checkpoints.weights.h5", save_weights_only=True
)
early_stopping_cb = tf.keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)


class PrintValTrainRatioCallback(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        ratio = logs["val_loss"] / logs["loss"]
        print(f"Epoch={epoch}, val/train={ratio:.2f}")


model = tf.keras.Sequential(
    [tf.keras.layers.Dense(30, activation="relu", input_shape=[8]), tf.keras.layers.Dense(1)]
)
model.compile(loss="mse", optimizer="adam")
history = model.fit(
    X_train,
    y_train,
    epochs=3,
    validation_data=(X_valid, y_valid),
    callbacks=[checkpoint_cb, early_stopping_cb, PrintValTrainRatioCallback()],
)
