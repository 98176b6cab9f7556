"""Figures, films and tables, in one style."""

from ddpg_lib.figures.curves import (
    Curves,
    curve_panels,
    draw_stack,
    label_end,
    learning_curves,
    sensitivity_bands,
)
from ddpg_lib.figures.film import film, frame_of, gif, side_by_side
from ddpg_lib.figures.page import show, to_html, to_svg
from ddpg_lib.figures.style import COLORS, use_house_style
from ddpg_lib.figures.tables import table

__all__ = [
    "COLORS",
    "Curves",
    "curve_panels",
    "draw_stack",
    "film",
    "frame_of",
    "gif",
    "label_end",
    "learning_curves",
    "sensitivity_bands",
    "show",
    "side_by_side",
    "table",
    "to_html",
    "to_svg",
    "use_house_style",
]
