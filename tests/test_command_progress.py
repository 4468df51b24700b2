"""The progress of the commands: a bar that moves in a terminal, lines in a file or a pipe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import sys
from minigrad_course.studies.progress import progress
with progress(3, "run", done=1) as (begin, finish):
    for what in ("a long name of what is measured just now", "b"):
        begin(what)
        finish()
print("the result")
"""


def in_a_terminal(code: str) -> str:
    """What a program writes to a terminal of 40 columns."""
    pty = pytest.importorskip("pty", reason="terminals of POSIX")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, stdin=theirs):
        os.close(theirs)
        said = b""
        while part := read(ours):
            said += part
    os.close(ours)
    return said.decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side is closed
        return b""


def test_in_a_file_each_part_is_a_line_and_nothing_is_written_over():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "2/3 a long name of what is measured just now\n3/3 b\n"
    assert done.stdout == "the result\n"


def test_in_a_terminal_a_bar_moves_within_its_width_and_leaves_nothing():
    pytest.importorskip("tqdm")
    said = in_a_terminal(PROGRAM)
    drawn, _, result = said.rpartition("\r\n")[0].rpartition("\r")
    assert "1/3" in drawn and "\n" not in drawn
    assert max(map(len, drawn.split("\r"))) <= 40
    assert result == "the result"


def test_in_a_terminal_without_tqdm_each_part_is_a_line():
    said = in_a_terminal("import sys; sys.modules['tqdm'] = None\n" + PROGRAM)
    assert said == "2/3 a long name of what is measured just now\r\n3/3 b\r\nthe result\r\n"
