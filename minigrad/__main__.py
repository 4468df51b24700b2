"""The command line: ``python -m minigrad train | reproduce | bench | grade``."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from minigrad import __version__

# Each command's module offers add_arguments(parser) and run(arguments) -> exit code. Only the one
# that was asked for is imported: --help is instant, and training needs none of what bench needs.
COMMANDS = {
    "train": ("minigrad_course.studies.train", "train the reference network on Fashion-MNIST"),
    "reproduce": ("minigrad_course.studies.reproduce", "repeat the paper's three studies"),
    "bench": ("minigrad_course.studies.bench", "time a training step beside other frameworks"),
    "grade": ("minigrad_course.grading", "run submitted notebooks and say how they stand"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: The words after ``python -m minigrad``; by default those of this process.

    Returns:
        0 for success, 1 for data that cannot be had or read, 130 after Ctrl-C.

    Raises:
        SystemExit: After ``--help``, and where the words make no sense (code 2).
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="python -m minigrad",
        description="Automatic differentiation and a convolutional network, to be read.",
        epilog="What --json writes is described in minigrad_course/studies/results.schema.json",
    )
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module_name, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        if argv[:1] == [name]:
            module = importlib.import_module(module_name)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    arguments = parser.parse_args(argv)

    from minigrad.datasets import DataError

    try:
        return arguments.run(arguments)
    except (DataError, ConnectionError, TimeoutError, FileNotFoundError) as error:
        print(f"minigrad {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
