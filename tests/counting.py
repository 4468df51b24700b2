"""Counts NumPy's requests for the memory of arrays, also of those that live for a moment only.

``tracemalloc`` tells what is there at the end of a step, not what came and went in it.
NumPy asks its memory handler for the data of every array, and lets a program put its own in
that place (NEP 49). The one here counts and passes the request on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from minigrad.engine import plan

pointer, size = ctypes.c_void_p, ctypes.c_size_t
MALLOC = ctypes.CFUNCTYPE(pointer, pointer, size)
CALLOC = ctypes.CFUNCTYPE(pointer, pointer, size, size)
REALLOC = ctypes.CFUNCTYPE(pointer, pointer, pointer, size)
FREE = ctypes.CFUNCTYPE(None, pointer, pointer, size)
SET_HANDLER = 304  # place of PyDataMem_SetHandler in the table of NumPy's C interface


class Handler(ctypes.Structure):
    """PyDataMem_Handler of NumPy's C interface."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", pointer),
        ("malloc", MALLOC),
        ("calloc", CALLOC),
        ("realloc", REALLOC),
        ("free", FREE),
    )


requests: list[int] = []
library = ctypes.CDLL(None)
library.malloc.restype = library.calloc.restype = library.realloc.restype = pointer
library.malloc.argtypes, library.calloc.argtypes = [size], [size, size]
library.realloc.argtypes, library.free.argtypes = [pointer, size], [pointer]


def note(number: int) -> None:
    requests.append(number)


# Kept for ever: an array gives its memory back to the handler that it came from.
handler = Handler(
    b"counting",
    1,
    None,
    MALLOC(lambda _, n: note(n) or library.malloc(n)),
    CALLOC(lambda _, n, each: note(n * each) or library.calloc(n, each)),
    REALLOC(lambda _, old, n: note(n) or library.realloc(old, n)),
    FREE(lambda _, old, n: library.free(old)),
)
NAME = ctypes.create_string_buffer(b"mem_handler")


def change_handler():
    python = ctypes.pythonapi
    python.PyCapsule_New.restype = ctypes.py_object
    python.PyCapsule_New.argtypes = [pointer, pointer, pointer]
    python.PyCapsule_GetPointer.restype = pointer
    python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, pointer]
    interface = np._core._multiarray_umath._ARRAY_API  # type: ignore[attr-defined]
    table = ctypes.cast(python.PyCapsule_GetPointer(interface, None), ctypes.POINTER(pointer))
    change = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[SET_HANDLER])
    return change, python.PyCapsule_New(ctypes.addressof(handler), ctypes.addressof(NAME), None)


change, capsule = change_handler()


def one_after_the_other(lists) -> None:
    for calls in lists:
        for call in calls:
            call()


@contextmanager
def counting() -> Iterator[list[int]]:
    """The bytes of every request for array data in the block.

    A handler belongs to a thread, so what goes side by side is run in this one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "side_by_side", one_after_the_other)
        requests.clear()
        usual = change(capsule)
        try:
            yield requests
        finally:
            change(usual)
