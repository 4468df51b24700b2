"""After tensorflow/docs, tutorials/keras/save_and_load.ipynb."""

import os

import tensorflow as tf
from tensorflow import keras

print(tf.version.VERSION)
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_labels, test_labels = train_labels[:64], test_labels[:32]
train_images = train_images[:64].reshape(-1, 28 * 28) / 255.0
test_images = test_images[:32].reshape(-1, 28 * 28) / 255.0


def create_model():
    model = tf.keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu", input_shape=(784,)),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[tf.keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


model = create_model()
model.summary()
os.makedirs("training_1", exist_ok=True)
checkpoint_path = "training_1/cp.weights.h5"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_path, save_weights_only=True, verbose=1
)
model.fit(
    train_images,
    train_labels,
    epochs=2,
    validation_data=(test_images, test_labels),
    callbacks=[cp_callback],
)
print(os.listdir(checkpoint_dir))
model = create_model()
loss, acc = model.evaluate(test_images, test_labels, verbose=2)
print(f"Untrained model, accuracy: {100 * acc:5.2f}%")
model.load_weights(checkpoint_path)
loss, acc = model.evaluate(test_images, test_labels, verbose=2)
print(f"Restored model, accuracy: {100 * acc:5.2f}%")

batch_size = 32
n_batches = len(train_images) // batch_size
os.makedirs("training_2", exist_ok=True)
checkpoint_path = "training_2/cp-{epoch:04d}.weights.h5"
cp_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_path,
    verbose=1,
    save_weights_only=True,
    save_freq=2 * n_batches,
)
model = create_model()
model.save_weights(checkpoint_path.format(epoch=0))
model.fit(
    train_images,
    train_labels,
    epochs=4,
    batch_size=batch_size,
    callbacks=[cp_callback],
    validation_data=(test_images, test_labels),
    verbose=0,
)
files = sorted(os.listdir("training_2"))
model = create_model()
model.load_weights(os.path.join("training_2", files[-1]))
loss, acc = model.evaluate(test_images, test_labels, verbose=2)
model.save_weights("./my_checkpoint.weights.h5")
model = create_model()
model.load_weights("./my_checkpoint.weights.h5")
loss, acc = model.evaluate(test_images, test_labels, verbose=2)

model = create_model()
model.fit(train_images, train_labels, epochs=1)
model.save("my_model.keras")
new_model = tf.keras.models.load_model("my_model.keras")
new_model.summary()
loss, acc = new_model.evaluate(test_images, test_labels, verbose=2)
print(new_model.predict(test_images).shape)
model = create_model()
model.fit(train_images, train_labels, epochs=1)
model.save("my_model.h5")
new_model = tf.keras.models.load_model("my_model.h5")
new_model.summary()
loss, acc = new_model.evaluate(test_images, test_labels, verbose=2)
RESULT = files
