"""Settings from environment variables, checked like everything else that a user sets."""

import os

from npgan.errors import InputError, shown

MOST = 9999  # threads that Numba may be given: it allocates memory for each of them
DIGITS = 18  # more than the threads of any machine have


def threads(most: int) -> int:
    """Return how many threads to use: NPGAN_NUM_THREADS, but at most ``most``, which is also the default."""
    wanted = os.environ.get("NPGAN_NUM_THREADS", str(most))
    if not wanted.isascii() or not wanted.isdecimal() or not wanted.strip("0"):
        raise InputError(f"NPGAN_NUM_THREADS must be a number of threads, not {shown(wanted)}")
    return min(int(wanted), most) if len(wanted) <= DIGITS else most


def winograd() -> bool:
    """Return whether convolutions may go Winograd's way: NPGAN_WINOGRAD, 0 or 1, which is the default."""
    wanted = os.environ.get("NPGAN_WINOGRAD", "1")
    if wanted not in ("0", "1"):
        raise InputError(f"NPGAN_WINOGRAD must be 0 or 1, not {shown(wanted)}")
    return wanted == "1"


def check() -> None:
    """Raise an InputError for settings with which importing Numba would end the process."""
    wanted = os.environ.get("NUMBA_NUM_THREADS", "1")
    sound = wanted.isascii() and wanted.isdecimal() and len(wanted) <= DIGITS
    if not sound or not 1 <= int(wanted) <= MOST:
        raise InputError(f"NUMBA_NUM_THREADS must be from 1 to {MOST}, not {shown(wanted)}")
