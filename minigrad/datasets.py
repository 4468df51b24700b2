"""Fashion-MNIST and MNIST: where the files are found, how they are read, what can be wrong.

Both sets come as four IDX files, two of pictures and two of labels. Each is looked for in a folder
that the caller names, in the repository's ``data/``, in a cache of the user's, and at last at the
upstream address. Wherever it comes from, its content is checked before it is used or kept.
"""

import hashlib
import io
import math
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from minigrad.shared import lookup
from minigrad.shared.download import cache_folder, download, store
from minigrad.shared.tables import read_table
from minigrad.shared.unpacking import DataError, Unpacked

__all__ = ["DataError", "Dataset", "fashion_mnist", "load_csv", "mnist", "read_idx"]

REPOSITORY = Path(__file__).resolve().parents[1] / "data"
PICTURES, LABELS = 2051, 2049  # magic numbers: unsigned bytes along three axes, along one
MOST = 1 << 30  # bytes of one file, unpacked; Fashion-MNIST has 47 MB
TRAIN_TEST = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Dataset:
    """Sixty thousand pictures to train on, ten thousand to test with, and where to find them.

    Attributes:
        name: Name of the set, and of its folder in ``data/`` and in the cache.
        address: Upstream address of the folder that holds the four files.
        sums: SHA-256 of each file's content, after decompression: who packed it does not matter.
        class_names: Ten names, in the order of the labels.

    Example:
        >>> fashion_mnist.class_names[9]
        'Ankle boot'
    """

    name: str
    address: str
    sums: dict[str, str] = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)

    def load_data(self, path: str | os.PathLike | None = None) -> tuple[Pair, Pair]:
        """Return the pictures and labels, as Keras's function of this name does.

        Args:
            path: The folder that holds the four files, packed (``.gz``) or not, or a file of
                Keras's, ``mnist.npz``. By default, and where that is a mere name, the
                repository, then a cache of the user's, then the upstream address.

        Returns:
            ``(x_train, y_train), (x_test, y_test)``, all uint8: pictures ``(60000, 28, 28)`` and
            ``(10000, 28, 28)`` with pixels 0 to 255, labels ``(60000,)`` and ``(10000,)``.

        Raises:
            DataError: A file is truncated, has a wrong magic number, a label outside 0–9 or a
                wrong checksum. Nothing has been stored.
            FileNotFoundError: There is no ``path``, or the folder lacks one of the files.
            ConnectionError: A file is nowhere on this machine, and upstream does not answer or
                breaks off.
            TimeoutError: Upstream is too slow.

        Example:
            >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
            >>> x_train.shape, y_test.shape, x_train.dtype
            ((60000, 28, 28), (10000,), dtype('uint8'))
        """
        named = None if path is None else Path(path)
        if named is not None and named.suffix == ".npz":
            if named.is_file():
                return read_npz(named)
            # Keras's argument is the name under which its cache keeps the file
            named = None if named.name == str(path) else named
        if named is not None and not named.is_dir():
            raise FileNotFoundError(f"load_data: there is no folder {path}")
        train, test = ((self._load(x, named), self._load(y, named)) for x, y in TRAIN_TEST)
        return train, test

    def _load(self, name: str, named: Path | None) -> np.ndarray:
        cache = cache_folder() / self.name
        for folder in [REPOSITORY / self.name, cache] if named is None else [named]:
            for file in (folder / f"{name}.gz", folder / name):
                if file.is_file():
                    with file.open("rb") as raw:
                        return self._checked(name, raw, file)
        if named is not None:  # other pictures than those asked for would be none
            raise FileNotFoundError(f"load_data: the folder {named} lacks {name}.gz")
        url = f"{self.address}{name}.gz"
        packed = download(url)
        values = self._checked(name, io.BytesIO(packed), url)
        store(packed, cache / f"{name}.gz")
        return values

    def _checked(self, name: str, raw: BinaryIO, source: Path | str) -> np.ndarray:
        content, values = decode(raw, source, PICTURES if "images" in name else LABELS)
        found = hashlib.sha256(content).hexdigest()
        if found != self.sums[name]:
            other = [known.name for known in (fashion_mnist, mnist) if known.sums[name] == found]
            hint = f"it is the file of that name from {other[0]}" if other else "other content"
            raise DataError(
                f"{source}: not {self.name}, {hint}. SHA-256 is {found}, wanted {self.sums[name]}. "
                "Pictures of your own in this format: minigrad.datasets.read_idx(file)"
            )
        return values


DAMAGED = zipfile.BadZipFile, zlib.error  # what a file that is no archive raises


def read_npz(file: Path) -> tuple[Pair, Pair]:
    """The pictures and labels in a file such as Keras's ``mnist.npz``.

    Raises:
        DataError: It lacks one of the four arrays, or one is not of bytes.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            a, b, c, d = (arrays[name] for name in names)
    except (KeyError, TypeError, ValueError, OSError, EOFError, *DAMAGED) as error:
        raise DataError(f"{file}: wants the arrays {', '.join(names)}: {error}") from None
    for x, y in ((a, b), (c, d)):
        if x.dtype != np.uint8 or y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
            raise DataError(
                f"{file}: wants pictures of uint8 and a label for each, got {x.dtype} {x.shape} "
                f"and {y.dtype} {y.shape}"
            )
    return (a, b), (c, d)


def read_idx(file: str | os.PathLike) -> np.ndarray:
    """Read pictures or labels from one IDX file, packed (``.gz``) or not.

    Args:
        file: The file; its magic number says what it holds.

    Returns:
        uint8 pictures ``(n, height, width)`` or uint8 labels ``(n,)``.

    Raises:
        DataError: The file is truncated, has a wrong magic number, or a label outside 0–9.

    Example:
        >>> read_idx(REPOSITORY / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz")[:5]
        array([9, 2, 1, 1, 6], dtype=uint8)
    """
    with Path(file).open("rb") as raw:
        return decode(raw, file, PICTURES, LABELS)[1]


def load_csv(file: str | os.PathLike) -> Pair:
    """Read pictures and labels from a table of 785 columns: the label, then 784 pixels.

    Args:
        file: The table, comma-separated, packed (``.gz``) or not. A header may say that the label
            stands elsewhere: it is the column whose name is not like all the others.

    Returns:
        uint8 pictures ``(n, 28, 28)`` and uint8 labels ``(n,)``: what the IDX files give. Pixels
        go from 0 to 255, on which a network hardly learns: divide them by 255, or begin the
        model with ``Rescaling(1 / 255)``.

    Raises:
        DataError: A row has another number of columns, something that is no whole number from 0
            to 255, or a label outside 0–9. Rows count from 1, the header included.
        FileNotFoundError: There is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "two.csv"
        ...     _ = file.write_text("7" + 784 * ",255" + "\\n" + "3" + 784 * ",0" + "\\n")
        ...     pictures, labels = load_csv(file)
        >>> pictures.shape, labels
        ((2, 28, 28), array([7, 3], dtype=uint8))
    """
    if not Path(file).exists():
        raise FileNotFoundError(f"load_csv: there is no file {file}, seen from {Path.cwd()}")
    with Path(file).open("rb") as raw:
        content = Unpacked(raw, file)  # which is there until the file is closed
        return read_table(content)


def decode(raw: BinaryIO, source: object, *magic_numbers: int) -> tuple[bytes, np.ndarray]:
    """The content of an IDX file and the array that it holds, or say what is wrong with it."""
    content = Unpacked(raw, source)
    head = content.read(4)
    magic = int.from_bytes(head, "big")
    if magic not in magic_numbers:
        wanted = " or ".join(f"{number}" for number in magic_numbers)
        raise DataError(f"{source}: magic number {magic}, wanted {wanted}")
    axes = magic % 256
    head += content.read(4 * axes)
    shape = tuple(int.from_bytes(head[i : i + 4], "big") for i in range(4, 4 + 4 * axes, 4))
    size = 4 + 4 * axes + math.prod(shape)
    if size > MOST:
        raise DataError(f"{source}: says that it holds {shape}, which is {size:,} bytes")
    whole = head + content.read(size - len(head) + 1)
    if len(whole) != size:
        fault = f"truncated, {len(whole)} bytes" if len(whole) < size else "too long"
        raise DataError(f"{source}: {fault}, wanted {size} for {shape}")
    values = np.frombuffer(whole, np.uint8, offset=4 + 4 * axes).reshape(shape).copy()
    if magic == LABELS and (bad := np.flatnonzero(values > 9)).size:
        row, label = bad[0], values[bad[0]]
        raise DataError(f"{source}, row {row + 1} (index {row}): label {label}, wanted 0 to 9")
    return whole, values


fashion_mnist = Dataset(
    name="fashion-mnist",
    address="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    sums={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
)

mnist = Dataset(
    name="mnist",
    address="https://storage.googleapis.com/cvdf-datasets/mnist/",
    sums={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    class_names=tuple("0123456789"),
)

__path__: list[str] = []  # so that ``from minigrad.datasets.mnist import load_data`` is looked for
__getattr__, __dir__ = lookup.public("datasets", __all__, listed=("fashion_mnist", "mnist"))
