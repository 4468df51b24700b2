"""After MITDeepLearning/introtodeeplearning, lab2, TF_Part1_MNIST."""

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

mnist = tf.keras.datasets.mnist
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
train_labels = (train_labels).astype(np.int64)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)
test_labels = (test_labels).astype(np.int64)
plt.figure(figsize=(10, 10))
plt.imshow(np.squeeze(train_images[0]), cmap=plt.cm.binary)
plt.close("all")


def build_fc_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(32, activation=tf.nn.relu),
            tf.keras.layers.Dense(10, activation=tf.nn.softmax),
        ]
    )


model = build_fc_model()
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=1e-1),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
BATCH_SIZE, EPOCHS = 32, 2
model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)
test_loss, test_acc = model.evaluate(x=test_images, y=test_labels)
print("Test accuracy:", test_acc)


def build_cnn_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Conv2D(filters=4, kernel_size=(3, 3), activation=tf.nn.relu),
            tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
            tf.keras.layers.Conv2D(filters=6, kernel_size=(3, 3), activation=tf.nn.relu),
            tf.keras.layers.MaxPool2D(pool_size=(2, 2)),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(16, activation=tf.nn.relu),
            tf.keras.layers.Dense(10, activation=tf.nn.softmax),
        ]
    )


cnn_model = build_cnn_model()
cnn_model.predict(train_images[[0]])
print(cnn_model.summary())
cnn_model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
cnn_model.fit(train_images, train_labels, batch_size=BATCH_SIZE, epochs=EPOCHS)
test_loss, test_acc = cnn_model.evaluate(test_images, test_labels)
predictions = cnn_model.predict(test_images)
print(np.argmax(predictions[0]), test_labels[0])

cnn_model = build_cnn_model()
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-2)
RESULT = []
for idx in range(0, train_images.shape[0], BATCH_SIZE):
    (images, labels) = (
        train_images[idx : idx + BATCH_SIZE],
        train_labels[idx : idx + BATCH_SIZE],
    )
    images = tf.convert_to_tensor(images, dtype=tf.float32)
    with tf.GradientTape() as tape:
        logits = cnn_model(images)
        loss_value = tf.keras.backend.sparse_categorical_crossentropy(labels, logits)
    RESULT.append(loss_value.numpy().mean().item())
    grads = tape.gradient(loss_value, cnn_model.trainable_variables)
    optimizer.apply_gradients(zip(grads, cnn_model.trainable_variables))
