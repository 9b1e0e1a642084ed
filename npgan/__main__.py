"""``python -m npgan``: the command line."""

import sys

from npgan.cli import main

sys.exit(main())
