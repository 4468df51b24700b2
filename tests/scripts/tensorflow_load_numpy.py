"""After tensorflow/docs, tutorials/load_data/numpy.ipynb."""

import numpy as np
import tensorflow as tf

path = tf.keras.utils.get_file("mnist.npz", DATA_URL)  # noqa: F821 (given by the test)
with np.load(path) as data:
    train_examples, train_labels = data["x_train"], data["y_train"]
    test_examples, test_labels = data["x_test"], data["y_test"]
train_dataset = tf.data.Dataset.from_tensor_slices((train_examples, train_labels))
test_dataset = tf.data.Dataset.from_tensor_slices((test_examples, test_labels))
BATCH_SIZE, SHUFFLE_BUFFER_SIZE = 32, 1  # of one: in the order of the set
train_dataset = train_dataset.shuffle(SHUFFLE_BUFFER_SIZE).batch(BATCH_SIZE)
test_dataset = test_dataset.batch(BATCH_SIZE)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(10),
    ]
)
model.compile(
    optimizer=tf.keras.optimizers.RMSprop(),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["sparse_categorical_accuracy"],
)
model.fit(train_dataset, epochs=2)
model.evaluate(test_dataset)
