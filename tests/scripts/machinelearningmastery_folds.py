"""After machinelearningmastery.com's MNIST network: folds, what a model is made of as JSON, clones."""

import numpy as np
from matplotlib import pyplot as plt
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from tensorflow.keras.models import Sequential, clone_model, model_from_json
from tensorflow.keras.optimizers import SGD
from tensorflow.keras.utils import to_categorical


def load_dataset():
    (trainX, trainY), (testX, testY) = mnist.load_data()
    trainX = trainX.reshape((trainX.shape[0], 28, 28, 1)).astype("float32") / 255.0
    testX = testX.reshape((testX.shape[0], 28, 28, 1)).astype("float32") / 255.0
    return trainX, to_categorical(trainY), testX, to_categorical(testY)


def define_model():
    model = Sequential()
    model.add(
        Conv2D(
            4, (3, 3), activation="relu", kernel_initializer="he_uniform", input_shape=(28, 28, 1)
        )
    )
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(8, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(10, activation="softmax"))
    opt = SGD(learning_rate=0.01, momentum=0.9)
    model.compile(optimizer=opt, loss="categorical_crossentropy", metrics=["accuracy"])
    return model


trainX, trainY, testX, testY = load_dataset()
folds = np.array_split(np.arange(len(trainX)), 3)
for k in range(3):
    train_ix = np.concatenate(folds[:k] + folds[k + 1 :])
    model = define_model()
    history = model.fit(
        trainX[train_ix],
        trainY[train_ix],
        epochs=2,
        batch_size=32,
        validation_data=(trainX[folds[k]], trainY[folds[k]]),
        verbose=0,
    )
    _, acc = model.evaluate(trainX[folds[k]], trainY[folds[k]], verbose=0)
    print("> %.3f" % (acc * 100.0))
    plt.subplot(2, 1, 1)
    plt.plot(history.history["loss"], color="blue", label="train")
    plt.plot(history.history["val_loss"], color="orange", label="test")
with open("model.json", "w") as json_file:
    json_file.write(model.to_json())
model.save_weights("model.weights.h5")
with open("model.json") as json_file:
    loaded = model_from_json(json_file.read())
loaded.load_weights("model.weights.h5")
loaded.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
score = loaded.evaluate(testX, testY, verbose=0)
print("accuracy: %.2f%%" % (score[1] * 100))
copy = clone_model(loaded)
copy.set_weights(loaded.get_weights())
RESULT = copy.predict(testX, verbose=0)
