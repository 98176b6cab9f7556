"""What the chapters need: exercise checks, the library's own source, stills, a folder for each."""

from ddpg_lib.chapters.check import check
from ddpg_lib.chapters.source import show_difference, show_source, without_docstrings
from ddpg_lib.chapters.stills import show_still
from ddpg_lib.chapters.wrapping import wrapped

__all__ = [
    "check",
    "show_difference",
    "show_source",
    "show_still",
    "without_docstrings",
    "wrapped",
]
