"""What the chapters need: exercise checks, the library's own source, and a folder for each."""

from ddpg_lib.chapters.check import check
from ddpg_lib.chapters.source import show_difference, show_source, without_docstrings

__all__ = ["check", "show_difference", "show_source", "without_docstrings"]
