"""What every test shares: a quiet environment, nbval's exceptions, and a browser where there is one."""

import importlib.util
import os
import shutil
import tempfile

import pytest
from nbval.kernel import RunningKernel

# Doctest imports each module: those of the peers bring frameworks that need not be there, and the
# examples of the bridge to Keras cross it. Scripts are run by the test of scripts.
collect_ignore_glob = ["minigrad_course/studies/peers/*_peer.py", "tests/scripts/*.py"]
if importlib.util.find_spec("keras") is None:
    collect_ignore_glob.append("minigrad/interop/*.py")

# Set before any kernel or framework starts: they all inherit these.
os.environ["PYTHONHASHSEED"] = "0"  # sets print in the same order in every kernel
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # no window, ever
os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="minigrad-ipython-")  # nobody's own profile
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow: warnings and errors only
# Threads of BLAS wait for each other inside every product, which takes many times as long beside
# another process. Tests that watch their number ask for the fixture two_threads_of_blas.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Differ by machine or run, and are no result of a lecture: strict nbval leaves them out.
NOT_COMPARED = ("stderr", "image/svg+xml", "application/pdf")


def execute_with_history(kernel: RunningKernel, cell: str, allow_stdin: bool | None = None) -> str:
    """Run a cell as JupyterLab does: IPython looks in its history for a closing semicolon."""
    return kernel.kc.execute(cell, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_with_history  # nbval keeps no history by itself


def pytest_collectstart(collector: pytest.Collector) -> None:
    if type(collector).__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["IPYTHONDIR"], ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium or Chrome; tests that need one are marked ``browser``."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    named = os.environ.get("MINIGRAD_BROWSER")  # where it is in no folder that PATH lists
    path = named or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing = f"needs a browser: none of {', '.join(names)} is installed"
        if os.environ.get("CI"):  # there a lecture that nobody has opened is no lecture that works
            pytest.fail(missing)
        pytest.skip(missing)
    return path
