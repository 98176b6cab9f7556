"""Freed memory is kept for the next update, and nothing is asked of other C libraries."""

import platform
import subprocess
import sys

import pytest

from ddpg_lib.speed import malloc as memory

# Straight from malloc, so that no other object can come to lie above the blocks and hold them.
FAULTS = """
import ctypes, resource, runpy, sys
if sys.argv[1] == "kept":
    assert runpy.run_path(sys.argv[2])["keep_freed_memory"]()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def update():
    blocks = [libc.malloc(2**21) for _ in range(8)]  # 2 MB each
    for block in blocks:
        libc.memset(block, 1, 2**21)
    for block in blocks:
        libc.free(block)
for _ in range(5):
    update()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    update()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_the_second_update_maps_no_new_pages():
    """Without it, 20 updates of 16 MB map their pages anew: 4,096 each, if pages have 4 kB."""
    faults = {
        way: int(subprocess.check_output([sys.executable, "-c", FAULTS, way, memory.__file__]))
        for way in ("kept", "plain")
    }
    assert faults["kept"] < faults["plain"] / 10, faults
    assert faults["plain"] > 1_000, faults


def test_other_systems_are_left_alone(monkeypatch):
    """There is no mallopt to call on macOS, Windows and musl."""
    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", None)
    assert memory.keep_freed_memory.__wrapped__() is False
