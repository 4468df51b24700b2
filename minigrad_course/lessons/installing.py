"""TensorFlow, installed when a lecture first asks for it: it is most of what there is to fetch."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

from minigrad_course.repository import REPOSITORY

__all__ = ["need_keras"]


def need_keras() -> bool:
    """Have Keras and TensorFlow there: install them, once, where ``make lab`` made the environment.

    In an environment of somebody else's nothing is installed; the one command is said instead.

    Returns:
        Whether they are there now.

    Example:
        >>> need_keras() == (importlib.util.find_spec("tensorflow") is not None)
        True
    """
    if importlib.util.find_spec("tensorflow") is not None:
        return True
    if Path(sys.prefix).resolve() != (REPOSITORY / ".venv").resolve():
        command = 'pip install --constraint constraints.txt --editable ".[keras]"'
        print(f"Keras is not installed here. In the folder of minigrad: {command}")
        return False
    print("This lecture compares with Keras, which is not installed yet. It is fetched now, once:")
    print("600 MB, and 2 GB on the disk. That takes minutes; lectures 00 to 04 do without.")
    words = [sys.executable, str(REPOSITORY / "make.py"), "keras"]
    done = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    with done:
        for line in done.stdout or ():
            print(line, end="", flush=True)
    importlib.invalidate_caches()
    if importlib.util.find_spec("tensorflow") is not None:
        return True
    if done.returncode == 0:  # pyproject.toml leaves out what it is not built for
        print("TensorFlow is not built for this Python or this processor.")
    return False
