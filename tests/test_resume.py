"""Training that goes on: bit for bit, whatever it draws at random and remembers."""

import numpy as np
import pytest
from both_ways import RULES

import minigrad as mg

X = np.random.default_rng(0).normal(size=(60, 5)).astype("float32")
Y = np.eye(3)[np.random.default_rng(1).integers(3, size=60)]
OPTIMIZERS = ("sgd", "nesterov", "adam", "nadam", "rmsprop all", "adagrad", "adadelta", "scheduled")


def model(optimizer, eagerly=False):
    layers = [mg.Input((5,)), mg.layers.Dense(8, "relu"), mg.layers.Dropout(0.4)]
    made = mg.Sequential([*layers, mg.layers.Dense(3, "softmax")])
    made.compile(RULES[optimizer](mg.optimizers), "categorical_crossentropy", run_eagerly=eagerly)
    return made


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


class CrashError(Exception):
    pass


class CrashIn(mg.callbacks.Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == 1:
            raise CrashError

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_after_a_crash_training_ends_where_it_would_have(tmp_path, optimizer, eagerly):
    def fit(made, *callbacks):
        return made.fit(X, Y, 16, epochs=6, verbose=0, callbacks=callbacks).history["loss"]

    mg.utils.set_random_seed(3)
    whole = model(optimizer, eagerly)
    losses = fit(whole)

    mg.utils.set_random_seed(3)
    first = model(optimizer, eagerly)
    with pytest.raises(CrashError):
        fit(first, mg.callbacks.BackupAndRestore(tmp_path / "new"), CrashIn(3))
    mg.utils.set_random_seed(99)  # another process, another seed, other weights
    second = model(optimizer, eagerly)
    rest = fit(second, mg.callbacks.BackupAndRestore(tmp_path / "new"))
    assert rest == losses[3:] and same(whole, second)
    assert second.optimizer.iterations == whole.optimizer.iterations
    assert list((tmp_path / "new").iterdir()) == []  # it is done, and the file is gone


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_two_calls_are_one_with_shuffling(optimizer):
    mg.utils.set_random_seed(3)
    whole = model(optimizer)
    whole.fit(X, Y, 16, epochs=4, verbose=0)
    mg.utils.set_random_seed(3)
    parts = model(optimizer)
    parts.fit(X, Y, 16, epochs=2, verbose=0)
    parts.fit(X, Y, 16, epochs=4, initial_epoch=2, verbose=0)
    assert same(whole, parts)


@pytest.mark.parametrize("damage", ["cut", "other model", "no state", "sgd", "nadam", "adamw"])
def test_a_file_that_does_not_fit_changes_nothing(tmp_path, damage):
    backup = mg.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    made = model("adam")
    made.fit(X, Y, verbose=0, callbacks=[backup])
    path = tmp_path / "latest.state.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    elif damage == "no state":
        np.savez(path, a=np.ones(3))
    elif damage == "other model":
        made = mg.Sequential([mg.Input((5,)), mg.layers.Dense(3, "softmax")])
        made.compile("adam", "categorical_crossentropy")
    else:
        made.compile(damage, "categorical_crossentropy")  # nadam remembers as much as adam
    before, steps = made.get_weights(), made.optimizer.iterations
    with pytest.raises(ValueError, match=r"latest\.state\.npz is no state of this model"):
        made.fit(X, Y, epochs=3, verbose=0, callbacks=[backup])
    assert all(np.array_equal(a, b) for a, b in zip(before, made.get_weights(), strict=True))
    assert made.optimizer.iterations == steps


@pytest.mark.parametrize(
    "options, message",
    [
        ({"save_freq": 5}, "save_freq=5 is not covered"),
        ({"double_checkpoint": True}, "double_checkpoint=True is not covered"),
        ({"backup_dir": ""}, "backup_dir names a folder"),
        ({"backup_dir": 5}, "backup_dir names a folder"),
    ],
)
def test_what_is_not_covered(options, message):
    with pytest.raises(ValueError, match=message):
        mg.callbacks.BackupAndRestore(**{"backup_dir": "folder", **options})


def test_a_file_of_a_rate_that_follows_a_schedule_is_not_for_one_that_does_not(tmp_path):
    backup = mg.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model("scheduled").fit(X, Y, verbose=0, callbacks=[backup])
    made = model("sgd")
    with pytest.raises(ValueError, match="compiled with another kind of learning rate"):
        made.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
    assert made.optimizer.iterations == 0 and made.optimizer.learning_rate == 0.0625
