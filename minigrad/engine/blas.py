"""The threads of NumPy's BLAS: how many it uses, and how to make it use fewer for a while.

NumPy multiplies matrices by a library that has threads of its own. Which library that is depends on
where NumPy comes from, and each has its own names for asking and setting the number:

OpenBLAS
    in the wheels of PyPI, under Debian, and often under conda;
MKL
    under conda from Anaconda's channel;
anything else that threadpoolctl knows
    where that is installed: BLIS and FlexiBLAS;
Accelerate
    on a Mac: its threads cannot be set while a program runs.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# OpenBLAS's kernels that multiply small matrices where they lie. The others copy both into an order
# that suits them beforehand, as all do with large ones.
UNPACKED = ("SkylakeX", "Cooperlake", "SapphireRapids")

# The functions that ask for the number of threads and that set it.
NAMES = [
    (f"{prefix}openblas_get_num_threads{suffix}", f"{prefix}openblas_set_num_threads{suffix}")
    for prefix in ("scipy_", "")
    for suffix in ("64_", "")
] + [("MKL_Get_Max_Threads", "MKL_Set_Num_Threads")]


class Blas(NamedTuple):
    """A library whose threads can be set.

    Attributes:
        get: Says how many threads it uses.
        set: Takes how many it is to use.
        kernel: What OpenBLAS calls the code that it chose for this processor; empty if unknown.
    """

    get: Callable[[], int]
    set: Callable[[int], Any]
    kernel: str = ""


_blas: Blas | bool | None = False  # False: not looked for yet
_requests: dict[object, int] = {}  # in the order in which they came
_asking = threading.Lock()


def begin_anew() -> None:
    """In a forked process nobody holds a lock or a request."""
    global _asking
    _asking = threading.Lock()
    usual = _requests.get(None)
    _requests.clear()
    if usual is not None and isinstance(_blas, Blas):
        _blas.set(usual)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=begin_anew)


def blas() -> Blas | None:
    """NumPy's BLAS, or ``None`` where it cannot be held to a number of threads.

    Without a handle on it the engine keeps to one thread of its own and leaves the
    products to the library's.
    """
    global _blas
    if _blas is False:
        _blas = in_files([*beside_numpy(), *loaded()]) or by_threadpoolctl()
    return _blas  # type: ignore[return-value]


def beside_numpy() -> Iterator[str]:
    """Libraries that came with NumPy, or lie where conda puts them."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs", package.parents[2]):
        for name in ("*openblas*", "*mkl_rt*"):
            yield from sorted(map(str, folder.glob(name)))


def loaded() -> Iterator[str]:
    """Libraries that NumPy has loaded from elsewhere, as far as the system tells."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:  # not Linux
        return
    paths = dict.fromkeys(line[line.index("/") :] for line in lines if "/" in line)
    for name in ("openblas", "mkl_rt"):
        yield from (path for path in paths if name in Path(path).name)


def in_files(paths: list[str]) -> Blas | None:
    """The first of these libraries that has functions for its threads."""
    for path in paths:
        for get, set_ in NAMES:
            try:
                library = ctypes.CDLL(path)
                return Blas(getattr(library, get), getattr(library, set_), kernel(library, get))
            except (OSError, AttributeError):
                continue
    return None


def kernel(library: ctypes.CDLL, get: str) -> str:
    """The name of OpenBLAS's kernel; its function is called as the others of the same build are."""
    ask = getattr(library, get.replace("get_num_threads", "get_corename"), None)
    if ask is None or ask.__name__ == get:
        return ""
    ask.restype = ctypes.c_char_p
    return (ask() or b"").decode()


def small_is_fast() -> bool:
    """Whether many small products of matrices take less time than a few large ones."""
    library = blas()
    return library is not None and library.kernel in UNPACKED


def by_threadpoolctl() -> Blas | None:
    """What threadpoolctl finds, where it is installed."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    if not found:
        return None
    return Blas(found[0].get_num_threads, found[0].set_num_threads)


@contextmanager
def blas_threads(n: int) -> Iterator[None]:
    """Let BLAS use n threads for a while.

    Several may ask at once, one inside the other or in threads of a user's own; the last one
    who asked and still needs it has its way, and when nobody does all is as it was.

    Args:
        n: Number of threads.
    """
    library = blas()
    if library is None:
        yield
        return
    request = object()
    try:
        with _asking:
            _requests.setdefault(None, library.get())  # what it was before anybody asked
            _requests[request] = n
            library.set(n)
        yield
    finally:
        try:
            withdraw(request, library)
        except KeyboardInterrupt:
            withdraw(request, library)
            raise


def withdraw(request: object, library: Blas) -> None:
    """Take a request back; once more does no harm."""
    with _asking:
        _requests.pop(request, None)
        if _requests:
            library.set(next(reversed(_requests.values())))
        if len(_requests) == 1:
            _requests.clear()
