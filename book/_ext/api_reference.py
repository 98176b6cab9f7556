"""Fit Sphinx's autodoc and numpydoc, which write the API reference, to this library.

* Signatures show types as the code has them, ``ArrayLike`` and not the union behind it.
* A name that ``ddpg_lib`` exports can be written ``ddpg_lib.Config`` in a docstring; the link
  leads to where the object is documented, ``ddpg_lib.config.Config``.
* In the types of signatures, parameters and results the library's own become links, and
  nothing else does: the types of other libraries stay text, as the book is built without network.
* The fields of a named tuple stand in its docstring under Attributes; the descriptions that
  Python makes up for them ("Alias for field number 0") are left out.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from numpydoc.xref import DEFAULT_LINKS
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.ext.autodoc import DataDocumenter, GenericAliasMixin
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.inspect import TypeAliasForwardRef

PACKAGE = "ddpg_lib"


def exported() -> dict[str, str]:
    """Return the full name, with its module, of every class and function the package exports."""
    package = importlib.import_module(PACKAGE)
    objects = {name: getattr(package, name) for name in package.__all__}
    return {
        name: f"{item.__module__}.{item.__qualname__}"
        for name, item in objects.items()
        if inspect.isclass(item) or inspect.isfunction(item)
    }


def modules() -> Iterator[ModuleType]:
    """Yield every public module of the library."""
    package = importlib.import_module(PACKAGE)
    for info in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if "._" not in info.name:
            yield importlib.import_module(info.name)


@functools.cache
def types() -> dict[str, str]:
    """Return the full name of what a signature may name, where its bare name is the only one.

    That is the library's public classes, and its names of types that have a docstring.
    """
    found: dict[str, set[str]] = {}
    for module in modules():
        documented = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
        for name, item in vars(module).items():
            own = inspect.isclass(item) and item.__module__ == module.__name__
            if name[0] != "_" and (own or ("", name) in documented):
                found.setdefault(name, set()).add(f"{module.__name__}.{name}")
    return {name: full.pop() for name, full in found.items() if len(full) == 1}


def keep_types_as_written(app: Sphinx) -> None:
    """Keep autodoc from evaluating the types of signatures, which would spell out every alias."""
    for module in modules():
        for item in vars(module).values():
            if getattr(item, "__module__", None) != module.__name__:
                continue
            for part in [item, *(vars(item).values() if inspect.isclass(item) else ())]:
                function = getattr(part, "fget", None) or getattr(part, "func", None) or part
                function = getattr(inspect.unwrap(function), "__func__", function)
                if inspect.isfunction(function):
                    annotations = function.__annotations__
                    for name, text in annotations.items():
                        if isinstance(text, str):
                            annotations[name] = TypeAliasForwardRef(text)


def link_types(app: Sphinx, config: Config) -> None:
    """Tell numpydoc which words of a type to link; by itself it links Python's to the network."""
    plain = {word: word for word in DEFAULT_LINKS}
    config.numpydoc_xref_aliases = plain | types()
    config.numpydoc_xref_ignore = "all"  # a string that _config.yml could not set


def shorten_made_defaults(
    app: Sphinx, what: str, name: str, item: Any, options: Any, arguments: str, returns: str
) -> tuple[str, str] | None:
    """Write "..." for a default that is made anew or is a function: its text says nothing."""
    if not arguments:
        return None
    return re.sub(r"= <.*?>(?=, |\)$)", "= ...", arguments), returns


class PlainDataDocumenter(DataDocumenter):
    """Describes a name for a type by its docstring alone, not by all that the type is made of."""

    def update_content(self, more_content: StringList) -> None:
        """Leave out the line "alias of"."""
        super(GenericAliasMixin, self).update_content(more_content)


def resolve_type(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Link a word of a signature's type if it is a type of the library; else leave it as text.

    Words of signatures lack the attribute ``refwarn``, which names in the text have.
    """
    if node.get("refdomain") != "py" or "refwarn" in node:
        return None
    full = types().get(node["reftarget"])
    if full is None:
        return contnode
    where, domain = node.get("refdoc", env.docname), env.get_domain("py")
    return domain.resolve_xref(env, where, app.builder, "obj", full, node, contnode) or contnode


def resolve_exported(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Link ``ddpg_lib.Config`` to the place where it is documented."""
    package, _, name = node.get("reftarget", "").partition(".")
    if node.get("refdomain") != "py" or package != PACKAGE:
        return None
    name, _, member = name.partition(".")
    full = exported().get(name)
    if full is None:
        return None
    target = f"{full}.{member}" if member else full
    domain = env.get_domain("py")
    where = node["refdoc"]
    return domain.resolve_xref(env, where, app.builder, "obj", target, node, contnode)


def skip_tuple_fields(
    app: Sphinx, what: str, name: str, item: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what is documented without a docstring of its own."""
    return True if type(item).__name__ == "_tuplegetter" else None


def drop_object(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out the line "Bases: object", which is true of every class."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"):
        app.setup_extension(extension)
    app.add_autodocumenter(PlainDataDocumenter, override=True)
    app.connect("config-inited", link_types, priority=100)  # before numpydoc's own handler
    app.connect("builder-inited", keep_types_as_written)
    app.connect("missing-reference", resolve_exported)
    app.connect("missing-reference", resolve_type)
    app.connect("autodoc-process-signature", shorten_made_defaults)
    app.connect("autodoc-skip-member", skip_tuple_fields)
    app.connect("doctree-read", drop_object)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
