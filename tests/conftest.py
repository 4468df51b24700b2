"""What all tests share."""

import os

import pytest
from hypothesis import settings

# A machine that is busy is not a test that fails; and the same examples for everybody, so
# that a failure seen once can be seen again.
settings.register_profile("minigrad", deadline=None, derandomize=True)
settings.load_profile("minigrad")


@pytest.fixture(scope="session")
def keras():
    """The reference that minigrad's interface is held to; slow to import, so only once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("keras", reason="TensorFlow belongs to the test extra")
