"""``python -m npgan``: the command line."""

import sys

from npgan.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
