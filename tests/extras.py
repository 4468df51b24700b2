"""What some tests need besides: an extra of pyproject.toml, which continuous integration has."""

import importlib.util
import os

import pytest


def need(extra: str, module: str) -> None:
    """Skip where an extra is not installed; in continuous integration that is a failure."""
    if importlib.util.find_spec(module) is None:
        missing = f"the extra `{extra}` is not installed"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
