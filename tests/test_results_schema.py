"""What the commands write as JSON is what the schema says; short runs are held to it where they are tested."""

import copy
import json
from pathlib import Path

import pytest
from schema import complaints

ROOT = Path(__file__).resolve().parents[1]
STORED = {
    "results/bench.json": "bench",
    "results/bench_cores.json": "bench",
    "results/reproduce/results.json": "reproduce",
}


def stored(name: str) -> dict:
    return json.loads((ROOT / "data" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "command"), STORED.items())
def test_the_stored_results_are_as_the_schema_says(name, command):
    assert complaints(stored(name), command) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda r: r["runs"][0].pop("moments"), "'moments' is a required property"),
        (lambda r: r["summary"][0].update(sped=1), "'sped' was unexpected"),
        (lambda r: r["machine"].update(cores="2"), "'2' is not of type 'integer'"),
        (lambda r: r["summary"][0]["speed"].pop("median"), "'median' is a required property"),
    ],
)
def test_a_name_that_is_missing_unknown_or_of_another_kind_is_none(change, complaint):
    result = copy.deepcopy(stored("results/bench.json"))
    change(result)
    assert any(complaint in said for said in complaints(result, "bench"))


def test_help_says_where_the_schema_is(capsys):
    from minigrad.__main__ import main

    with pytest.raises(SystemExit):
        main(["--help"])
    (named,) = [word for word in capsys.readouterr().out.split() if word.endswith(".schema.json")]
    assert (ROOT / named).is_file()
