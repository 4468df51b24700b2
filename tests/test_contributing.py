"""The worked examples of CONTRIBUTING.md, run as they stand."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\w+) -->\n```python\n(.*?)```", TEXT, re.DOTALL))


def test_there_are_four_ways_to_add_something():
    assert set(EXAMPLES) == {"operator", "layer", "kernel", "lecture"}


@pytest.mark.parametrize("what", EXAMPLES)
def test_the_example_runs_as_it_stands(what, monkeypatch):
    # what it registers is forgotten afterward: no other test should meet it
    from minigrad.engine.match import KERNELS
    from minigrad.graph import node

    before = list(KERNELS)
    monkeypatch.setattr(node, "NUMPY_FUNCTIONS", dict(node.NUMPY_FUNCTIONS))
    try:
        exec(EXAMPLES[what], {"__name__": "example"})
    finally:
        KERNELS[:] = before
