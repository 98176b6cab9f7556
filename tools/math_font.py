"""Make the font of the EPUB's formulas, ``tools/epub/book-math.otf``, from STIX Math 1.1.1.

Debian's package ``fonts-stix`` has it: ``python tools/math_font.py STIXMath-Regular.otf``. Kept are
the letters and signs that formulas of this book may use, and the table by which browsers set
formulas. ``make_epub.py`` takes into the EPUB only those that are used. A prime stands in a
superscript, where STIX's own, drawn for a line of text, would be small and far too high. The Open
Font License asks for a name of its own.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen

OUT = Path(__file__).resolve().parent / "epub/book-math.otf"
KEPT = (
    (0x20, 0x7E),  # ASCII, Latin, accents, Greek
    (0xA0, 0xFF),
    (0x2C6, 0x2DD),
    (0x300, 0x338),
    (0x391, 0x3F6),
    (0x2000, 0x206F),  # spaces, dashes, primes
    (0x20D0, 0x20EF),
    (0x2100, 0x214F),  # letter-like signs
    (0x2190, 0x22FF),  # arrows, operators
    (0x2308, 0x230B),  # brackets and their pieces
    (0x239B, 0x23B9),
    (0x23DC, 0x23E1),
    (0x25A0, 0x25FF),
    (0x27E6, 0x27EB),
    (0x27F5, 0x27FF),
    (0x2A00, 0x2A02),
    (0x2A7D, 0x2A7E),
    (0x2AAF, 0x2AB0),
    (0x1D400, 0x1D503),  # bold, italic, script
    (0x1D538, 0x1D56B),  # double-struck
    (0x1D6A4, 0x1D7FF),  # Greek, digits
)
PRIMES = (0x2032, 0x2033, 0x2034)
LARGER, LOWER = 1.5, -546  # how a prime is drawn: times, and units of a thousandth of an em


def lower_primes(font: Any) -> None:
    """Draw the primes larger and lower."""
    glyphs, top = font.getGlyphSet(), font["CFF "].cff.topDictIndex[0]
    for code in PRIMES:
        name = font.getBestCmap()[code]
        width, side = font["hmtx"][name]
        pen = T2CharStringPen(round(LARGER * width), glyphs)
        glyphs[name].draw(TransformPen(pen, (LARGER, 0, 0, LARGER, 0, LOWER)))
        drawn = pen.getCharString(top.Private, top.CharStrings.globalSubrs)
        top.CharStrings[name] = drawn
        font["hmtx"][name] = (round(LARGER * width), round(LARGER * side))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("font", type=Path, help="STIXMath-Regular.otf")
    source = parser.parse_args().font
    options = subset.Options(hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 5, 6, 13, 14])
    options.layout_features = ["*"]
    options.drop_tables = [*options.drop_tables, "FFTM"]
    font = subset.load_font(str(source), options)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=chain(*(range(first, last + 1) for first, last in KEPT)))
    cut.subset(font)
    lower_primes(font)
    for record in font["name"].names:
        if record.nameID in (1, 6):
            record.string = "BookMath" if record.nameID == 6 else "Book Math"
    cff = font["CFF "].cff
    cff.fontNames = ["BookMath"]
    cff.topDictIndex[0].FullName = cff.topDictIndex[0].FamilyName = "Book Math"
    font.recalcTimestamp = False
    subset.save_font(font, str(OUT), options)


if __name__ == "__main__":
    main()
