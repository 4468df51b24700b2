"""Small sets of pictures as files, for the tests of data and downloads."""

import dataclasses
import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from minigrad import datasets
from minigrad.datasets import fashion_mnist

FILES = list(fashion_mnist.sums)
TRAIN_LABELS = "train-labels-idx1-ubyte"


def idx(values: np.ndarray) -> bytes:
    """An IDX file written by its definition: magic number, axes, bytes."""
    return struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def contents() -> dict[str, bytes]:
    """The four files of a set of 7 and 3 pictures."""
    random = np.random.default_rng(0)
    made = {}
    for part, count in (("train", 7), ("t10k", 3)):
        pictures = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        made[f"{part}-images-idx3-ubyte"] = idx(pictures)
        made[f"{part}-labels-idx1-ubyte"] = idx(random.integers(0, 10, count, dtype=np.uint8))
    return made


@pytest.fixture
def small(contents, tmp_path, monkeypatch) -> datasets.Dataset:
    """A small set that lies nowhere yet: not in the repository, and the cache is empty."""
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "REPOSITORY", tmp_path / "repository")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    nowhere = "http://127.0.0.1:9/"
    return dataclasses.replace(fashion_mnist, name="small", address=nowhere, sums=sums)


def write(folder: Path, contents: dict[str, bytes], packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        file = folder / (f"{name}.gz" if packed else name)
        file.write_bytes(gzip.compress(content) if packed else content)
    return folder
