"""The book's style: one color an idea, one font, for all figures."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager

COLORS = {
    "actor": "#0072b2",
    "critic": "#d55e00",
    "replay": "#009e73",
    "target": "#aa4499",
    "noise": "#b8860b",
    "muted": "#7a7f87",
    "ink": "#1b1f24",
    "grid": "#d9dce1",
}
"""One color an idea, everywhere in the book. The optimum, and all that is exact, is ink."""


_FONT = "Source Sans 3"


def use_house_style() -> None:
    """Set Matplotlib's defaults to the book's style, for all figures made afterwards."""
    fonts = resources.files("ddpg_lib") / "data" / "fonts"
    with resources.as_file(fonts) as folder:
        for path in sorted(Path(folder).glob("*.ttf")):
            font_manager.fontManager.addfont(path)
    ink, grid = COLORS["ink"], COLORS["grid"]
    ideas = [COLORS[name] for name in ("actor", "critic", "replay", "target", "noise", "muted")]
    mpl.rcParams.update(
        {
            "figure.figsize": (5.6, 3.3),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.family": [_FONT, "DejaVu Sans"],
            "font.size": 11,
            "mathtext.fontset": "stix",
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.labelcolor": ink,
            "axes.edgecolor": ink,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=ideas),
            "grid.color": grid,
            "grid.linewidth": 0.7,
            "text.color": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "lines.linewidth": 2.0,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
            "image.cmap": "viridis",
            "svg.fonttype": "path",
            # Whole TrueType fonts: many journals refuse Matplotlib's usual Type 3.
            "pdf.fonttype": 42,
            "ps.fonttype": 42,
        }
    )
