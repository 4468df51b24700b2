"""What a measurement was made on: processor, system, libraries, and the kernel that BLAS chose."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from minigrad.engine.cores import cores, processors

__all__ = ["blas", "describe", "peak_memory"]

LIBRARIES = ("numpy", "keras", "tensorflow", "torch", "jax", "jaxlib", "threadpoolctl", "psutil")
# Whoever sets these chooses OpenBLAS's kernel by hand: timed processes run without them.
OPENBLAS_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def describe(libraries: Sequence[str] = LIBRARIES) -> dict[str, Any]:
    """Describe the machine, without naming it.

    Args:
        libraries: Distributions whose versions are wanted.

    Returns:
        A dictionary that JSON can hold. ``cores`` is how many this process may use, ``processors``
        how many these are with their hyperthreads. A library
        that is not installed has the version ``None``; memory is in bytes, or ``None`` where
        psutil is missing.

    Example:
        >>> sorted(describe())
        ['blas', 'cores', 'libraries', 'memory', 'overrides', 'processor', 'processors', 'python', 'system']
    """
    import numpy  # noqa: F401 (so that its BLAS is loaded and can be asked)

    return {
        "processor": processor(),
        "cores": cores(),
        "processors": len(processors()),
        "memory": total_memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: installed(name) for name in libraries},
        "blas": blas(),
        "overrides": {name: os.environ[name] for name in OPENBLAS_OVERRIDES if name in os.environ},
    }


def processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def total_memory() -> int | None:
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.virtual_memory().total)


def installed(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def blas() -> list[dict[str, Any]]:
    """The thread pools loaded in this process: which library, which kernel, how many threads.

    Returns:
        One dictionary for each library that threadpoolctl knows, for OpenBLAS with the kernel
        (``architecture``) that it chose for this processor; empty without threadpoolctl.

    Example:
        >>> all({"library", "threads"} <= set(pool) for pool in blas())
        True
    """
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    return [
        {
            "library": pool["internal_api"],
            "version": pool["version"],
            "kernel": pool.get("architecture"),
            "threads": pool["num_threads"],
        }
        for pool in threadpool_info()
    ]


def peak_memory() -> int | None:
    """The most memory that this process has had resident so far, in bytes.

    Linux's ``VmHWM`` counts from the program's own start. ``ru_maxrss`` does not: it can carry
    the size of the parent, which the child shared for a moment before it became a program.

    Returns:
        Bytes, or ``None`` where the system does not tell.

    Example:
        >>> peak_memory() is None or peak_memory() > 1_000_000
        True
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        try:
            import psutil
        except ImportError:
            return None
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    kilobyte = 1 if sys.platform == "darwin" else 1024  # macOS counts in bytes
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte)
