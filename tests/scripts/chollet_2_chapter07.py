"""After fchollet/deep-learning-with-python-notebooks, chapter 7; its own train_step left out."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.datasets import mnist

model = keras.Sequential(
    [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.build(input_shape=(None, 3))
print(len(model.weights))
model.summary()
model = keras.Sequential(name="my_example_model")
model.add(layers.Dense(64, activation="relu", name="my_first_layer"))
model.add(layers.Dense(10, activation="softmax", name="my_last_layer"))
model.build((None, 3))
model.summary()
model = keras.Sequential()
model.add(keras.Input(shape=(3,)))
model.add(layers.Dense(64, activation="relu"))
model.summary()

inputs = keras.Input(shape=(3,), name="my_input")
features = layers.Dense(64, activation="relu")(inputs)
print(inputs.shape, features.shape)
outputs = layers.Dense(10, activation="softmax")(features)
model = keras.Model(inputs=inputs, outputs=outputs)
model.summary()

vocabulary_size, num_tags, num_departments, num_samples = 50, 8, 4, 64
title = keras.Input(shape=(vocabulary_size,), name="title")
text_body = keras.Input(shape=(vocabulary_size,), name="text_body")
tags = keras.Input(shape=(num_tags,), name="tags")
features = layers.Concatenate()([title, text_body, tags])
features = layers.Dense(64, activation="relu")(features)
priority = layers.Dense(1, activation="sigmoid", name="priority")(features)
department = layers.Dense(num_departments, activation="softmax", name="department")(features)
model = keras.Model(inputs=[title, text_body, tags], outputs=[priority, department])
random = np.random.default_rng(0)
title_data = random.integers(0, 2, size=(num_samples, vocabulary_size)).astype("float32")
text_body_data = random.integers(0, 2, size=(num_samples, vocabulary_size)).astype("float32")
tags_data = random.integers(0, 2, size=(num_samples, num_tags)).astype("float32")
priority_data = random.random(size=(num_samples, 1))
department_data = np.eye(num_departments)[random.integers(0, num_departments, num_samples)]
model.compile(
    optimizer="rmsprop",
    loss=["mean_squared_error", "categorical_crossentropy"],
    metrics=[["mean_absolute_error"], ["accuracy"]],
)
x, y = [title_data, text_body_data, tags_data], [priority_data, department_data]
model.fit(x, y, epochs=1)
model.evaluate(x, y)
priority_preds, department_preds = model.predict(x)
model.compile(
    optimizer="rmsprop",
    loss={"priority": "mean_squared_error", "department": "categorical_crossentropy"},
    metrics={"priority": ["mean_absolute_error"], "department": ["accuracy"]},
)
x = {"title": title_data, "text_body": text_body_data, "tags": tags_data}
y = {"priority": priority_data, "department": department_data}
model.fit(x, y, epochs=1)
model.evaluate(x, y)
priority_preds, department_preds = model.predict(x)
print(model.layers, model.layers[3].input, model.layers[3].output)
features = model.layers[4].output
difficulty = layers.Dense(3, activation="softmax", name="difficulty")(features)
new_model = keras.Model(inputs=[title, text_body, tags], outputs=[priority, department, difficulty])
new_model.summary()


class Classifier(keras.Model):
    def __init__(self, num_classes=2):
        super().__init__()
        if num_classes == 2:
            num_units, activation = 1, "sigmoid"
        else:
            num_units, activation = num_classes, "softmax"
        self.dense = layers.Dense(num_units, activation=activation)

    def call(self, inputs):
        return self.dense(inputs)


inputs = keras.Input(shape=(3,))
features = layers.Dense(64, activation="relu")(inputs)
outputs = Classifier(num_classes=10)(features)
model = keras.Model(inputs=inputs, outputs=outputs)


def get_mnist_model():
    inputs = keras.Input(shape=(28 * 28,))
    features = layers.Dense(32, activation="relu")(inputs)
    features = layers.Dropout(0.5)(features)
    outputs = layers.Dense(10, activation="softmax")(features)
    return keras.Model(inputs, outputs)


(images, labels), (test_images, test_labels) = mnist.load_data()
images = images.reshape((len(images), 28 * 28)).astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28 * 28)).astype("float32") / 255
train_images, val_images = images[32:], images[:32]
train_labels, val_labels = labels[32:], labels[:32]
model = get_mnist_model()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_images, train_labels, epochs=2, validation_data=(val_images, val_labels))
test_metrics = model.evaluate(test_images, test_labels)
predictions = model.predict(test_images)
callbacks_list = [
    keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=2),
    keras.callbacks.ModelCheckpoint(
        filepath="checkpoint_path.keras", monitor="val_loss", save_best_only=True
    ),
]
model = get_mnist_model()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    train_images,
    train_labels,
    epochs=2,
    callbacks=callbacks_list,
    validation_data=(val_images, val_labels),
)
model = keras.models.load_model("checkpoint_path.keras")


class RootOfSquares(keras.metrics.Metric):
    def __init__(self, name="root", **kwargs):
        super().__init__(name=name, **kwargs)
        self.squares = self.add_weight(name="squares", initializer="zeros")
        self.samples = self.add_variable(shape=(), name="samples", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        rows = tf.one_hot(y_true, depth=tf.shape(y_pred)[1])
        self.squares.assign_add(tf.reduce_sum(tf.square(rows - y_pred)))
        self.samples.assign_add(tf.shape(y_pred)[0])

    def result(self):
        return tf.sqrt(self.squares / tf.cast(self.samples, tf.float32))

    def reset_state(self):
        self.squares.assign(0.0)
        self.samples.assign(0)


model = get_mnist_model()
counted = ["accuracy", RootOfSquares()]
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=counted)
model.fit(train_images, train_labels, epochs=2, validation_data=(val_images, val_labels))
test_metrics = model.evaluate(test_images, test_labels)


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs):
        self.per_batch_losses = []

    def on_batch_end(self, batch, logs):
        self.per_batch_losses.append(logs.get("loss"))

    def on_epoch_end(self, epoch, logs):
        print(len(self.per_batch_losses))
        self.per_batch_losses = []


model = get_mnist_model()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_images, train_labels, epochs=2, callbacks=[LossHistory()])

model = get_mnist_model()
loss_fn = keras.losses.SparseCategoricalCrossentropy()
optimizer = keras.optimizers.RMSprop()
metrics = [keras.metrics.SparseCategoricalAccuracy()]
loss_tracking_metric = keras.metrics.Mean()


def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        predictions = model(inputs, training=True)
        loss = loss_fn(targets, predictions)
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
    logs = {}
    for metric in metrics:
        metric.update_state(targets, predictions)
        logs[metric.name] = metric.result()
    loss_tracking_metric.update_state(loss)
    logs["loss"] = loss_tracking_metric.result()
    return logs


RESULT = []
for epoch in range(2):
    for metric in metrics:
        metric.reset_state()
    loss_tracking_metric.reset_state()
    for start in range(0, len(train_images), 32):
        batch = slice(start, start + 32)
        logs = train_step(train_images[batch], train_labels[batch])
    RESULT.append(float(logs["loss"]))
