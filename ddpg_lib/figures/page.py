"""The book's figures: one style, one color an idea, seen everywhere a notebook is shown.

A notebook holds a figure as a picture, an ``<img>`` with its SVG inside, because readers of
notebooks that nobody has run yet (JupyterLab, GitHub) drop inline SVG from what they show. A page
of the book holds the same SVG inline with CSS variables for colors, so that the page decides
between light and dark; :func:`inline` makes the one into the other.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from ddpg_lib.figures.style import COLORS

# An image cannot see the colors of the page around it: it brings a light ground of its own.
GROUND = '<rect width="100%" height="100%" fill="#ffffff"/>'
_COORDINATES = re.compile(r'(?<= d=")[^"]*|(?<= [xy]=")[^"]*')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_PICTURE = re.compile(
    r'<figure class="ddpg-figure"><img src="data:image/svg\+xml;base64,([^"]*)" alt="([^"]*)">'
)


def to_picture(figure: Figure) -> str:
    """SVG of a figure that stands alone: the house colors on a white ground."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "ddpg"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    # No screen shows more than hundredths of a point, and notebooks are a fifth smaller.
    svg = _COORDINATES.sub(lambda found: _LONG.sub(_rounded, found[0]), svg.strip())
    start = svg.index(">") + 1
    return svg[:start] + GROUND + svg[start:]


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _for_page(svg: str, label: str) -> str:
    """Standalone SVG as a page holds it inline; ``label`` is already escaped."""
    svg = svg.replace(GROUND, "", 1)
    # Ids must differ between the figures of a page.
    mark = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{mark}-", svg)
    for name, color in COLORS.items():
        fallback = "currentColor" if name == "ink" else color
        svg = svg.replace(color, f"var(--ddpg-{name}, {fallback})")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def to_svg(figure: Figure, alt: str) -> str:
    """Inline SVG of a figure, with the book's colors as CSS variables.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, for readers who cannot see it.

    Returns
    -------
    str
        One ``<svg>`` element. Where a page sets no variables, the light colors hold; ink falls
        back to the color of the surrounding text.
    """
    return _for_page(to_picture(figure), html.escape(alt, quote=True))


def to_html(figure: Figure, alt: str, caption: str = "") -> str:
    """A figure as a page of the book holds it: one ``<figure>`` element with inline SVG."""
    return inline(_picture_html(to_picture(figure), alt, caption))


def inline(text: str) -> str:
    """HTML of a notebook's outputs with every figure's picture turned into inline SVG."""

    def drawing(picture: re.Match[str]) -> str:
        svg = base64.b64decode(picture[1]).decode()
        scroll = f'<div class="ddpg-figure-scroll">{_for_page(svg, picture[2])}</div>'
        return f'<figure class="ddpg-figure">{scroll}'

    return _PICTURE.sub(drawing, text)


def show(figure: Figure, alt: str, caption: str = "") -> None:
    """Display a figure in a notebook, with its alternative text and caption, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, for readers who cannot see it. Required.
    caption : str
        Printed below. Names the number of agents and the interval where there are any.

    Raises
    ------
    ValueError
        If ``alt`` is empty.
    """
    from matplotlib import pyplot as plt

    if not alt.strip():
        raise ValueError("alt must say what the figure shows, for readers who cannot see it")
    show_picture(to_picture(figure), alt, caption)
    plt.close(figure)


def show_picture(svg: str, alt: str, caption: str = "") -> None:
    """Display a picture from :func:`to_picture` in a notebook, with its text and caption."""
    from IPython.display import display

    display({"text/html": _picture_html(svg, alt, caption), "text/plain": alt}, raw=True)


def _picture_html(svg: str, alt: str, caption: str) -> str:
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    picture = f'<img src="{source}" alt="{html.escape(alt, quote=True)}">'
    return _figure_element("ddpg-figure", picture, caption)


def _figure_element(kind: str, body: str, caption: str) -> str:
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{kind}">{body}{below}</figure>'
