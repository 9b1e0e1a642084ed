"""What the environment says, checked like everything that a user says."""

import os

from npgan.errors import InputError, shown

MOST = 9999  # threads that Numba may be told to have: it makes room for all of them
DIGITS = 18  # more than the threads of any machine have


def threads(most: int) -> int:
    """Return how many threads are wanted, ``most`` at most: NPGAN_NUM_THREADS, or else all of them."""
    wanted = os.environ.get("NPGAN_NUM_THREADS", str(most))
    if not wanted.isascii() or not wanted.isdecimal() or not wanted.strip("0"):
        raise InputError(f"NPGAN_NUM_THREADS must be a number of threads, not {shown(wanted)}")
    return min(int(wanted), most) if len(wanted) <= DIGITS else most


def check() -> None:
    """Refuse what Numba would end the process by, before it is imported."""
    wanted = os.environ.get("NUMBA_NUM_THREADS", "1")
    sound = wanted.isascii() and wanted.isdecimal() and len(wanted) <= DIGITS
    if not sound or not 1 <= int(wanted) <= MOST:
        raise InputError(f"NUMBA_NUM_THREADS must be from 1 to {MOST}, not {shown(wanted)}")
