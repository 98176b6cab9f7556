"""Compilation of the update, with a way back where nothing compiles."""

from __future__ import annotations

import functools
import re
import types
import warnings
from collections.abc import Callable
from typing import Any

import torch


def compiled(
    function: Callable[..., Any], device: str | torch.device = "cpu"
) -> Callable[..., Any]:
    """Return ``function`` compiled, by ``torch.compile``, into one graph at its first call.

    Arguments of other shapes or other values are compiled anew. Where compilation fails, for want
    of a C++ compiler for example, a warning says why and the function runs as it is. Nothing is
    lost: compilation fails before anything is computed.

    Parameters
    ----------
    function
        Of tensors, tuples of tensors and plain values. What it calls, and if it is a method its
        object's own tensors and settings, must stay as they are: only the arguments are looked at
        again.
    device
        Where the tensors are. On a CPU the kernels are also called from C++ and not from Python.
    """
    # Off by default; without it the gradient inside the update cannot be part of the graph.
    if hasattr(torch._dynamo.config, "trace_autograd_ops"):
        torch._dynamo.config.trace_autograd_ops = True
    options: dict[str, Any] = {"guard_filter_fn": _of_arguments}
    on_cpu = torch.device(device).type == "cpu"
    if on_cpu:
        options |= _for_cpu()
    run = torch.compile(_own_copy(function), fullgraph=True, dynamic=False, options=options)
    made: dict[Any, Callable[..., Any]] = {}  # by what is looked at of the arguments

    def call(*args: Any) -> Any:
        key = _looked_at(args)
        ready = made.get(key)
        if ready is not None:
            return ready(*args)
        ready = _ahead_of_time(run, function, args) if on_cpu else run
        try:
            result = ready(*args)
        except Exception as error:
            if not _about_compiling(error):
                raise
            cause = str(error).strip().splitlines()[0]
            advice = "install g++ or clang++, or set CXX to one"
            warnings.warn(
                f"torch.compile failed, so the update runs uncompiled: {cause}"
                + (f": {advice}" if "C++ compiler" in cause else ""),
                RuntimeWarning,
                stacklevel=2,
            )
            ready = function
            result = function(*args)
        made[key] = ready
        return result

    return call


def _looked_at(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a graph is made for: the layout of each tensor, and all other arguments themselves."""
    found: list[Any] = []
    for x in args:
        if isinstance(x, torch.Tensor):
            found += (x.shape, x.stride(), x.dtype)
        elif isinstance(x, tuple):
            found += _looked_at(x)
        else:
            found.append(x)
    return tuple(found)


def _ahead_of_time(run: Any, function: Callable[..., Any], args: Any) -> Callable[..., Any]:
    """The graph for these arguments alone, which is called without torch.compile's own checks.

    They would take a seventh of a small network's step. Where torch has no such thing, or cannot do
    it, the ordinary ``run``.
    """
    try:
        graph = run.aot_compile((args, {}))
        graph.disable_guard_check()
    except Exception:  # run says what is wrong
        return run
    if isinstance(function, types.MethodType):
        return functools.partial(graph, function.__self__)
    return graph


def _for_cpu() -> dict[str, Any]:
    """What else the compiler is asked for there: to call kernels from C++, and a faster tanh."""
    options = {"cpp_wrapper": True}
    # Looked at here and not on import: the compiler alone takes as long to import as all the rest.
    if hasattr(torch._inductor.config.cpp, "use_decompose_tanh"):
        options["cpp.use_decompose_tanh"] = True  # by one exponential; off by rounding alone
    return options


def _own_copy(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same method with code of its own: compiled graphs are kept by code, not by object."""
    if not isinstance(function, types.MethodType):
        return function
    f = function.__func__
    copy = types.FunctionType(
        f.__code__.replace(), f.__globals__, f.__name__, f.__defaults__, f.__closure__
    )
    return types.MethodType(copy, function.__self__)


def _of_arguments(guards: Any) -> list[bool]:
    """Keep the checks of a call's arguments; the hundreds of all other parts cost time."""
    others = re.compile(r"(L\['|dict\(type\()?self\b|G\[")
    return [not others.match(guard.name) for guard in guards]


def _about_compiling(error: BaseException | None) -> bool:
    """Whether the error comes from torch's compiler and not from the function."""
    while error is not None:
        if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            return True
        error = error.__cause__
    return False
