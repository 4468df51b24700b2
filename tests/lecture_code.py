"""What a lecture's cells define, so that a test can use it as a reader's answer does."""

import ast
import json
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def code_of(notebook: str, *names: str) -> str:
    """The definitions of these functions, classes and values, as they stand in a notebook.

    What is added to a class afterward, as in ``Dual.sin = …``, belongs to it.
    """
    cells = json.loads((NOTEBOOKS / notebook).read_text(encoding="utf-8"))["cells"]
    found = []
    for cell in cells:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            for statement in ast.parse(source).body:
                if any(name in names for name in defines(statement)):
                    found.append(ast.get_source_segment(source, statement))
    return "\n\n".join(found)


def defines(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        # a class that derives from its own name is an exercise's, not the lecture's
        bases = [getattr(base, "id", "") for base in getattr(statement, "bases", [])]
        return [] if statement.name in bases else [statement.name]
    if isinstance(statement, ast.Assign):
        targets = [getattr(target, "value", target) for target in statement.targets]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    return []
