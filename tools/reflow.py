"""Turn an article of the built book into what readers of EPUBs show: used by make_epub.py.

Such readers know neither the site's style sheet nor its scripts. Formulas become MathML as its Core
has it, which browsers and so most readers draw; drawings become files of their own, in SVG 1.1;
lines of code become elements that wrap with a hanging indent; folds are open.

Elements are those of :mod:`xml.etree`, with tags without namespaces: :func:`parse` takes these
away and :func:`serialize` gives them back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

SPACES = {
    None: "http://www.w3.org/1999/xhtml",
    "svg": "http://www.w3.org/2000/svg",
    "math": "http://www.w3.org/1998/Math/MathML",
}
EMPTY = re.compile(r"></(?:img|br|hr|meta|link|col)>")


def parse(text: str) -> Element:
    """Read XHTML; tags and attributes lose their namespaces."""
    root = ElementTree.fromstring(text)
    for e in root.iter():
        e.tag = e.tag.rpartition("}")[2]
        for name in [x for x in e.attrib if "}" in x]:
            e.set(name.rpartition("}")[2], e.attrib.pop(name))
    return root


def serialize(root: Element) -> str:
    """Return an element as XHTML that HTML's rules read alike."""
    root.set("xmlns", SPACES.get(root.tag, SPACES[None]))
    for name in ("svg", "math"):
        for e in root.iter(name):
            e.set("xmlns", SPACES[name])
    return EMPTY.sub("/>", ElementTree.tostring(root, "unicode", short_empty_elements=False))


def text_of(e: Element) -> str:
    """Return the text inside an element, its spaces and line breaks as single spaces."""
    return " ".join("".join(e.itertext()).split())


def with_parents(root: Element) -> list[tuple[Element, Element]]:
    """Return every element below ``root`` with its parent, what is inside after what is around."""
    return [(parent, child) for parent in root.iter() for child in parent]


def replace(parent: Element, old: Element, new: Element) -> None:
    """Put one element in the place of another."""
    new.tail = old.tail
    parent[list(parent).index(old)] = new


# ---- Formulas ----

NAMED = {"thickmathspace": "0.278em", "mediummathspace": "0.222em", "thinmathspace": "0.167em"}
TIGHT = ("|", "/", "∥", "‖")  # no space around them in TeX; between signs browsers add some
ACCENTS = {"^": "\u02c6", "~": "\u02dc", "˙": "˙", "¯": "¯", "¨": "¨"}
OPENED = re.compile(r"[(\[“‘]+$")
CLOSED = re.compile(r"[.,;:!?)\]’”]+(?:s\b)?|-?th\b")


def letter(variant: str, character: str) -> str:
    """Return the character that is another's bold, script or double-struck form.

    Raises
    ------
    ValueError
        If Unicode has none.
    """
    name = unicodedata.name(character).replace("LATIN ", "").replace("LETTER ", "")
    style = variant.upper()
    for full in (f"MATHEMATICAL {style} {name}", f"{style} {name}"):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    raise ValueError(f"there is no {variant} form of {character}")


def slanted(character: str) -> str:
    """Return the letter as which a reader draws a variable, or the character itself."""
    if character == "h":
        return "\u210e"
    try:
        return letter("italic", character)
    except ValueError:
        return character


def plain_formula(math: Element) -> str:
    """Keep of MathJax's MathML what MathML Core has; return the number of the equation, or "".

    Core has no rows with labels, no named spaces, no letters by ``mathvariant``, and aligns the
    columns of tables by CSS alone.
    """
    label = ""
    for row in math.iter("mlabeledtr"):
        if label:
            raise ValueError("a formula with two numbers: number one of its rows, or split it")
        label = text_of(row[0])
        row.remove(row[0])
        row.tag = "mtr"
    for parent, table in with_parents(math):
        if table.tag == "mtable" and len(table) == 1 and len(table[0]) == 1:
            cell = table[0][0]
            cell.tag, cell.attrib = "mrow", {}
            replace(parent, table, cell)
    for e in math.iter():
        if e.tag == "mo" and (e.text in TIGHT or e.get("data-mjx-texclass") == "ORD"):
            e.set("lspace", "0")
            e.set("rspace", "0")
        for name in [x for x in e.attrib if x.startswith("data-")]:
            del e.attrib[name]
        for name, value in list(e.attrib.items()):
            e.set(name, NAMED.get(value, value))
        variant = e.get("mathvariant", "normal")
        if variant != "normal" and e.text:
            del e.attrib["mathvariant"]
            e.text = "".join(letter(variant, x) for x in e.text)
        if e.tag == "mtable":
            align(e)
        if e.tag == "mover" and (accent := ACCENTS.get(text_of(e[1]))):
            e[1].text = accent
            e.set("accent", "true")
    return label


def align(table: Element) -> None:
    """Say in CSS what a table's attributes say of its columns and rows."""
    sides = table.get("columnalign", "center").split()
    gaps = ["0", *table.get("columnspacing", "0.8em").split()]
    above = table.get("rowspacing", "1ex").split()
    for i, row in enumerate(table):
        for j, cell in enumerate(row):
            side, gap = sides[min(j, len(sides) - 1)], gaps[min(j, len(gaps) - 1)]
            top = above[min(i, len(above)) - 1] if i else "0"
            cell.set("style", f"text-align:{side};padding:{top} 0 0 {gap}")


def formulas(root: Element) -> Iterator[Element]:
    """Make every formula one of MathML Core, and give it.

    A displayed one stands in a ``<span class="formula">``, with its number, if it has one, beside.
    """
    for parent, math in with_parents(root):
        if math.tag != "math":
            continue
        number = plain_formula(math)
        if math.get("display") == "block":
            holder = Element("span", {"class": "formula"})
            replace(parent, math, holder)
            math.tail = None
            holder.append(math)
            if number:
                label = Element("span", {"class": "number"})
                label.text, label.tail, holder.tail = number, holder.tail, None
                parent.insert(list(parent).index(holder) + 1, label)
        yield math
    for parent, e in with_parents(root):
        if e.tag == "span" and e.get("class") == "math":
            hold(parent, e)


def hold(parent: Element, formula: Element) -> None:
    """Keep a formula on one line with the marks before and after it."""
    place = list(parent).index(formula)
    before = parent[place - 1].tail if place else parent.text
    opened, closed = OPENED.search(before or ""), CLOSED.match(formula.tail or "")
    if opened and before:
        formula.text = opened[0] + (formula.text or "")
        if place:
            parent[place - 1].tail = before[: opened.start()]
        else:
            parent.text = before[: opened.start()]
    if closed and formula.tail:
        formula[-1].tail = (formula[-1].tail or "") + closed[0]
        formula.tail = formula.tail[closed.end() :]


def narrow(e: Element, width: float) -> None:
    """Let a formula or a table, ``width`` em wide, become smaller where the column is narrower.

    Readers break no formula into lines, and few let anything scroll. Those that know no ``cqw``
    show it at full size.
    """
    full = "0.85em" if e.tag == "table" else "1em"
    alone = e.tag == "table" or e.get("display") == "block"
    room = "100cqw" if alone else "76vw"  # what the text of a list has on a phone
    e.set("style", f"font-size:clamp(0.4em,calc({room}/{width:.1f}),{full})")


# ---- Code ----

KINDS = (  # classes of Pygments, and what they look like here
    (re.compile(r"k[a-z]?|ow"), "k"),
    (re.compile(r"c[0-9a-z]*|sd"), "c"),
    (re.compile(r"s[0-9a-z]?"), "s"),
    (re.compile(r"gd"), "del"),
    (re.compile(r"gi"), "ins"),
)
DEEPEST = 24


def kind(classes: str) -> str:
    """Return what a piece of code with these classes of Pygments looks like here, or ""."""
    return next((k for x in classes.split() for r, k in KINDS if r.fullmatch(x)), "")


def pieces(e: Element, look: str = "") -> Iterator[tuple[str, str]]:
    """Give the text inside an element piece by piece, each with its look."""
    look = kind(e.get("class", "")) or look
    yield e.text or "", look
    for child in e:
        yield from pieces(child, look)
        yield child.tail or "", look


def by_lines(pre: Element, name: str) -> Element:
    """Return a ``<pre>`` of the class ``name`` in which every line is an element.

    A line that is too long for the page goes on deeper than it begins: the class ``i8`` says how
    many columns.
    """
    lines: list[list[tuple[str, str]]] = [[]]
    for text, look in pieces(pre):
        for i, part in enumerate(text.split("\n")):
            if i:
                lines.append([])
            if part and lines[-1] and lines[-1][-1][1] == look:
                lines[-1][-1] = (lines[-1][-1][0] + part, look)
            elif part:
                lines[-1].append((part, look))
    while lines and not lines[-1]:
        lines.pop()
    new = Element("pre", {"class": name})
    code = SubElement(new, "code")
    for line in lines:
        whole = "".join(text for text, _ in line)
        depth = min(DEEPEST, (len(whole) - len(whole.lstrip())) // 4 * 4 + 4)
        span = SubElement(code, "span", {"class": f"line i{depth}"})
        for text, look in line:
            if look:
                SubElement(span, "span", {"class": look}).text = text
            elif len(span):
                span[-1].tail = (span[-1].tail or "") + text
            else:
                span.text = (span.text or "") + text
        if len(span):
            span[-1].tail = (span[-1].tail or "") + "\n"
        else:
            span.text = (span.text or "") + "\n"
    return new


# ---- Drawings ----

VARIABLE = re.compile(r"var\((--[\w-]+)(?:,\s*([^()]*))?\)")
RULE = re.compile(r"\.(d\d+)\{([^{}]*)\}")


def drawing(
    svg: Element, letters: dict[str, Element], styles: dict[str, str], colors: dict[str, str]
) -> str:
    """Return an inline drawing as a file: what it shares with its page is in it, colors are values.

    Styles become attributes, which every reader of SVG knows, and the paper is white, so that dark
    lines can be seen where a reader's pages are dark.

    Parameters
    ----------
    svg : Element
    letters : dict
        The page's outlines of letters by their names.
    styles : dict
        What the page's classes for drawings say.
    colors : dict
        The values of the page's CSS variables.
    """

    def value(found: re.Match[str]) -> str:
        return colors.get(found[1]) or (found[2] or "").strip()

    new = ElementTree.fromstring(ElementTree.tostring(svg))
    used = {e.get("href", "")[1:] for e in new.iter("use")}
    shared = [letters[x] for x in sorted(used) if x in letters]
    if shared:
        SubElement(new, "defs").extend(
            ElementTree.fromstring(ElementTree.tostring(x)) for x in shared
        )
    for e in new.iter():
        rules = [styles.get(x, "") for x in e.attrib.pop("class", "").split()]
        for rule in ";".join([*rules, e.attrib.pop("style", "")]).split(";"):
            name, _, text = rule.partition(":")
            if text:
                e.set(name.strip(), VARIABLE.sub(value, text).strip())
        if e.tag == "path" and "d" not in e.attrib:  # a space
            e.set("d", "M0 0")
        if "href" in e.attrib:
            e.set("xlink:href", e.attrib.pop("href"))
        e.tail = None
    for name in ("role", "aria-label"):
        new.attrib.pop(name, None)
    new.set("xmlns:xlink", "http://www.w3.org/1999/xlink")
    new.set("stroke-linejoin", "round")
    paper = {"width": "100%", "height": "100%", "fill": "#fff"}
    new.insert(0, Element("rect", paper))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + serialize(new)


def pixels(length: str) -> int:
    """Return a length such as ``518.4pt`` in CSS pixels."""
    number = float(re.sub(r"[a-z]+$", "", length))
    return round(number * 96 / 72) if length.endswith("pt") else round(number)


# ---- Everything else ----

KEPT = {"id", "href", "src", "alt", "class", "colspan", "rowspan", "scope", "start", "width"}
LOOKS = {  # classes of the site that say something here, and what they are called
    "statement": "statement",
    "equation": "equation",
    "math": "math",
    "citation": "citation",
    "admonition": "note",
    "admonition-title": "title",
    "printed-address": "address",
    "living-address": "address",
    "equation-link": "eqref",
    "text-right": "right",
}
SIDE = re.compile(r"text-align:\s*(right|center)")
WIDTH = re.compile(r"\bwidth:\s*(\d+)px")


def plain_page(e: Element, file_of: Callable[[Element], str]) -> None:
    """Turn what is inside an element into what an EPUB shows, formulas apart.

    Parameters
    ----------
    e : Element
    file_of : callable
        Takes an ``<svg>`` or an ``<img>``, stores the picture, and returns its address.
    """
    for child in list(e):
        classes = child.get("class", "")
        if child.tag == "math":
            continue
        if child.tag == "svg":
            picture = {"src": file_of(child), "alt": child.get("aria-label", "")}
            picture["width"] = str(pixels(child.get("width", "640")))
            replace(e, child, Element("img", picture))
            continue
        if "highlight-" in classes and (pre := child.find(".//pre")) is not None:
            replace(e, child, by_lines(pre, "output" if "output" in classes else "code"))
            continue
        if child.tag == "img":
            if found := WIDTH.search(child.get("style", "")):
                child.set("width", found[1])
            child.set("src", file_of(child))
        plain_page(child, file_of)
        plain_element(child)
        if child.tag == "table":
            frame = Element("div", {"class": "table"})
            replace(e, child, frame)
            child.tail = None
            frame.append(child)


def plain_element(e: Element) -> None:
    """Keep of an element's attributes what says something here; a fold is open."""
    classes = [LOOKS[x] for x in e.get("class", "").split() if x in LOOKS]
    if e.tag == "details":
        e.tag, classes = "div", ["fold"]
    elif e.tag == "summary":
        e.tag, classes = "div", ["fold-title"]
    elif e.tag == "section" and e.get("id", "").startswith("exercise-"):
        classes = ["exercise"]
    if found := SIDE.search(e.get("style", "")):
        classes.append(found[1])
    e.attrib.pop("class", None)
    for name in set(e.attrib) - KEPT:
        del e.attrib[name]
    if e.tag != "img":
        e.attrib.pop("width", None)
    if classes:
        e.set("class", " ".join(dict.fromkeys(classes)))
