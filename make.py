"""Set minigrad up and use it: ``python make.py lab`` or ``python make.py test``.

Needs Python 3.11 or newer and nothing else, on Linux, macOS and Windows; the Makefile only calls
this script. This file greets an old Python politely, so any Python can read it; what it does is
in tools/commands.py.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "minigrad needs Python 3.11 or newer; this is %s (%s).\n"
        "Name another one: make PYTHON=python3.12 lab"
        % (".".join(str(number) for number in sys.version_info[:3]), sys.executable)
    )

from tools.commands import main

if __name__ == "__main__":
    main()
