"""Importing Keras, which may be there or not."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def import_keras() -> Any:
    """Keras, imported without the remarks that TensorFlow makes while it starts.

    Returns:
        The module ``keras``.

    Raises:
        ImportError: When it is not installed.

    Example:
        >>> import minigrad as mg
        >>> keras = mg.interop.import_keras()
        >>> keras.__name__
        'keras'
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and errors only
        with remarks_held_back():
            try:
                import keras
            except ImportError as error:
                raise ImportError(
                    f"Keras is needed here, with TensorFlow, JAX or PyTorch ({error}): "
                    'pip install -c constraints.txt -e ".[keras]" in the repository installs it, '
                    "KERAS_BACKEND=jax or torch chooses another than TensorFlow. Without it, "
                    "save_weights and load_weights keep weights in a file .weights.npz"
                ) from error
            keras.ops.zeros(1)  # the first computation makes remarks as well
    return sys.modules["keras"]


@contextmanager
def remarks_held_back() -> Iterator[None]:
    # TensorFlow's C++ writes to the process's standard error, past Python's sys.stderr.
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as remarks:
        os.dup2(remarks.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
