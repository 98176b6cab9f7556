"""The style sheet: legible in both themes, light, and without any other host."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "book/_static"
CSS = re.sub(r"/\*.*?\*/", "", (STATIC / "book.css").read_text(encoding="utf-8"), flags=re.S)
CODE = [f"code-{name}" for name in ("keyword", "string", "number", "name", "comment")]
TEXT = ["ddpg-ink", "ddpg-quiet", "ddpg-link", *CODE]
LINES = ("actor", "critic", "truth", "replay", "target", "noise", "world")


def colors(theme: str) -> dict[str, str]:
    """Return the colors that the style sheet defines for a theme."""
    block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', CSS, re.S)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


def luminance(color: str) -> float:
    """Return the relative luminance as WCAG 2 defines it."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_defined():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ddpg-paper", "ddpg-surface"])
def test_text_has_contrast(theme, ground):
    palette = colors(theme)
    weak = {name: contrast(palette[name], palette[ground]) for name in TEXT}
    assert {name: ratio for name, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_in_figures_have_contrast(theme):
    palette = colors(theme)
    ratios = {name: contrast(palette[f"ddpg-{name}"], palette["ddpg-paper"]) for name in LINES}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 3} == {}


def test_nothing_comes_from_elsewhere():
    assert "@import" not in CSS
    for address in re.findall(r"url\(([^)]*)\)", CSS):
        assert (STATIC / address).is_file(), address


def test_typefaces_are_small_and_licensed():
    fonts = list((STATIC / "fonts").glob("*.woff2"))
    assert fonts
    assert sum(font.stat().st_size for font in fonts) < 600_000
    for font in fonts:
        family = re.match(r"source-[a-z]+-(?:4|3|pro)", font.name)
        assert family is not None
        licence = (STATIC / "fonts" / f"OFL-{family[0]}.txt").read_text(encoding="utf-8")
        assert "SIL Open Font License" in licence
