"""After https-deeplearning-ai/tensorflow-1-public, C1_W3_Lab_1_improving_accuracy."""

import matplotlib.pyplot as plt
import tensorflow as tf

fmnist = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = fmnist.load_data()
training_images = training_images / 255.0
test_images = test_images / 255.0
model = tf.keras.models.Sequential(
    [
        tf.keras.Input(shape=(28, 28, 1)),
        tf.keras.layers.Conv2D(4, (3, 3), activation="relu"),
        tf.keras.layers.MaxPooling2D(2, 2),
        tf.keras.layers.Conv2D(4, (3, 3), activation="relu"),
        tf.keras.layers.MaxPooling2D(2, 2),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
print("\nMODEL TRAINING:")
model.fit(training_images, training_labels, epochs=2)
print("\nMODEL EVALUATION:")
test_loss = model.evaluate(test_images, test_labels)
f, axarr = plt.subplots(1, 4)
layers_to_visualize = [
    tf.keras.layers.Conv2D,
    tf.keras.layers.MaxPooling2D,
]
layer_outputs = [layer.output for layer in model.layers if type(layer) in layers_to_visualize]
activation_model = tf.keras.models.Model(inputs=model.inputs, outputs=layer_outputs)
RESULT = []
for x in range(len(layer_outputs)):
    f1 = activation_model.predict(test_images[0].reshape(1, 28, 28, 1), verbose=False)[x]
    axarr[x].imshow(f1[0, :, :, 1], cmap="inferno")
    axarr[x].grid(False)
    RESULT.append(float(f1.mean()))
plt.close("all")
