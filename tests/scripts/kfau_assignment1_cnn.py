"""After theEMA-dev/KFAU-Deep-Learning, assignment-1, src/cnn.py; folds cut with NumPy."""

import numpy as np
from matplotlib import pyplot as plt
from tensorflow.keras.datasets import fashion_mnist
from tensorflow.keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import SGD
from tensorflow.keras.utils import to_categorical


def load_dataset():
    (trainX, trainY), (testX, testY) = fashion_mnist.load_data()
    trainX = trainX.reshape((trainX.shape[0], 28, 28, 1))
    testX = testX.reshape((testX.shape[0], 28, 28, 1))
    return trainX, to_categorical(trainY), testX, to_categorical(testY)


def prep_pixels(train, test):
    train_norm, test_norm = train.astype("float32"), test.astype("float32")
    return train_norm / 255.0, test_norm / 255.0


def define_model():
    model = Sequential()
    model.add(
        Conv2D(
            6,
            (3, 3),
            activation="relu",
            kernel_initializer="he_uniform",
            input_shape=(28, 28, 1),
        )
    )
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(16, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(10, activation="softmax"))
    opt = SGD(learning_rate=0.01, momentum=0.9)
    model.compile(optimizer=opt, loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def evaluate_model(dataX, dataY, n_folds=3):
    scores, histories = [], []
    folds = np.array_split(np.arange(len(dataX)), n_folds)
    for test_ix in folds:
        train_ix = np.setdiff1d(np.arange(len(dataX)), test_ix)
        model = define_model()
        trainX, trainY = dataX[train_ix], dataY[train_ix]
        testX, testY = dataX[test_ix], dataY[test_ix]
        history = model.fit(
            trainX, trainY, epochs=2, batch_size=32, validation_data=(testX, testY), verbose=0
        )
        _, acc = model.evaluate(testX, testY, verbose=0)
        print("> %.3f" % (acc * 100.0))
        scores.append(acc)
        histories.append(history)
    return scores, histories


trainX, trainY, testX, testY = load_dataset()
trainX, testX = prep_pixels(trainX, testX)
scores, histories = evaluate_model(trainX, trainY)
for history in histories:
    plt.plot(history.history["loss"], color="blue", label="train")
    plt.plot(history.history["val_loss"], color="orange", label="test")
plt.close("all")
print("Accuracy: mean=%.3f std=%.3f" % (np.mean(scores) * 100, np.std(scores) * 100))
