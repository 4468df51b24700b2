"""The schema of what the commands write, for the tests that run one."""

import json
from pathlib import Path

import pytest

import minigrad_course

FILE = Path(minigrad_course.__file__).parent / "studies" / "results.schema.json"


def complaints(content: object, command: str) -> list[str]:
    """What in a command's JSON is not as the schema says."""
    jsonschema = pytest.importorskip("jsonschema", reason="it comes with JupyterLab")
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    one = {"$defs": schema["$defs"], "$ref": f"#/$defs/{command}"}
    return [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft202012Validator(one).iter_errors(content)
    ]
