"""Your own copy of the lectures, in mine/, which git does not touch.

    python tools/own_copy.py        what `make lab` does before it opens JupyterLab

A notebook changes as soon as it is opened and run, and git does not pull over a file that has
changed. So people work on a copy. New lectures are added to it, and one that has changed takes the
place of the old one, unless its reader has edited it: what a reader wrote is never touched. To
have run a notebook is not to have edited it: only what stands in its cells counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "mine"
MANIFEST = ".laid_out.json"  # of each file: what was laid out
PARTS = ("notebooks/*", "notebooks/solutions/*", "KERAS.md")  # KERAS.md is linked by lecture 05


def lay_out(root: Path = ROOT, copy: Path = COPY) -> None:
    """Bring the copy up to date, and say in a line what came and what stayed.

    Args:
        root: The repository.
        copy: The folder of the copy. It is made where it is missing.

    Raises:
        SystemExit: The copy cannot be written; nothing that was in it is lost.
    """
    try:
        new, changed, kept = bring_in(root, copy)
    except OSError as error:
        sys.exit(f"Your copy of the lectures, {copy.name}/, cannot be written: {error}")
    if new and not changed and not kept and len(new) == len(sources(root)):
        print(f"Your copy of the lectures is in {copy.name}/notebooks. git does not touch it.")
        return
    said = [f"{what}: {', '.join(names)}" for what, names in (("new", new), ("changed", changed))]
    said = [part for part, names in zip(said, (new, changed), strict=True) if names]
    if said:
        print(f"Your copy of the lectures, {copy.name}/: {'; '.join(said)}.")
    if kept:
        print(
            f"You edited {', '.join(kept)}, so yours stays. For the new version, "
            "rename or delete it and start again."
        )


def bring_in(root: Path, copy: Path) -> tuple[list[str], list[str], list[str]]:
    """Copy what is new or has changed; return the names of the new, the changed, the kept."""
    manifest = read_manifest(copy)
    ours = edited_in_the_repository(root)
    new, changed, kept, written = [], [], [], []
    for source in sources(root):
        name = source.relative_to(root).as_posix()
        target = copy / name
        was = manifest.get(name, {})
        if not target.exists():
            new.append(source.name)
        elif target.read_bytes() == source.read_bytes() or was.get("file") == digest(source):
            continue  # it is that one already, or there is none that is newer
        elif was.get("cells") == cells(target):
            changed.append(source.name)
        else:
            kept.append(source.name)
            continue
        put(source, target)
        written.append(target)
        manifest[name] = {} if name in ours else {"file": digest(source), "cells": cells(source)}
    if written:
        text = json.dumps(manifest, indent=1, sort_keys=True)
        replace(copy / MANIFEST, lambda file: file.write_text(text, encoding="utf-8"))
        trust([path for path in written if path.suffix == ".ipynb"])
    return new, changed, kept


def sources(root: Path) -> list[Path]:
    """The files of the repository that are laid out."""
    return sorted(path for part in PARTS for path in root.glob(part) if path.is_file())


def edited_in_the_repository(root: Path) -> set[str]:
    """Files that somebody has edited in the repository: such a copy counts as edited."""
    try:
        command = ["git", "diff", "--name-only", "--relative", "-z", "HEAD", "--", *PARTS]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8")
    except OSError:  # no git here
        return set()
    return set(done.stdout.split("\0"))


def read_manifest(copy: Path) -> dict[str, dict[str, str]]:
    try:
        return json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # without it nothing is taken for untouched
        return {}


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def cells(file: Path) -> str:
    """A sum over what stands in a notebook's cells, whatever they put out; else over the file."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["cells"]
        written = [[cell["cell_type"], "".join(cell["source"])] for cell in found]
    except (ValueError, KeyError, TypeError):
        return digest(file)
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()


def put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    replace(target, lambda file: shutil.copyfile(source, file))


def replace(target: Path, write) -> None:
    """Write beside it first: on a full disk the old file stays."""
    beside = target.with_name(f".{target.name}.part")
    try:
        write(beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def trust(notebooks: list[Path]) -> None:
    """Sign them, so that Jupyter does not call our own lectures untrusted."""
    from tools.setting_up import PYTHON

    python = PYTHON if PYTHON.exists() else sys.executable
    command = [str(python), "-m", "nbformat.sign", *map(str, notebooks)]
    subprocess.run(command, capture_output=True)  # it is no matter where it cannot be done


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    lay_out()
