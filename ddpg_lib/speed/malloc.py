"""Freed memory kept for the next update instead of handed back to the system."""

from __future__ import annotations

import ctypes
import functools
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGEST = 32 * 2**20
"""Bytes up to which a block is kept when it is freed; replay buffers are larger, and go back."""


@functools.cache
def keep_freed_memory() -> bool:
    """Let the C library keep freed blocks of up to ``LARGEST`` bytes for the whole process.

    An update makes and frees the same activations each time. Handed back to the system, each
    page of them has to be mapped and zeroed again: with wide layers or many agents this takes
    10% to 30% of a step. Only glibc has this setting; elsewhere nothing happens, and False is
    returned.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # 1 GB: the most that a process keeps of what it no longer needs.
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(M_TRIM_THRESHOLD, 2**30))
