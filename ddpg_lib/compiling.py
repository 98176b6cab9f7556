"""Compilation of the update, with a way back where nothing compiles."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function`` compiled into one graph at its first call.

    Where compilation fails, for want of a C++ compiler for example, a warning says why and the
    function runs as it is. Nothing is lost: compilation fails before anything is computed.

    Parameters
    ----------
    function : callable
        Of tensors, and of objects made of them.

    Returns
    -------
    callable
        Of the same arguments and results.
    """
    # Off by default; without it the gradient inside the update cannot be part of the graph.
    if hasattr(torch._dynamo.config, "trace_autograd_ops"):
        torch._dynamo.config.trace_autograd_ops = True
    run = torch.compile(function, fullgraph=True, dynamic=False)
    state: dict[str, Any] = {"run": run, "proven": False}

    def call(*args: Any) -> Any:
        if state["proven"]:
            return state["run"](*args)
        try:
            result = run(*args)
        except Exception as error:
            if not _about_compiling(error):
                raise
            cause = str(error).strip().splitlines()[0]
            warnings.warn(
                f"torch.compile failed, so the update runs uncompiled ({cause}). Compiling on a "
                "CPU needs a C++ compiler: install g++ or clang++, or set CXX to one.",
                RuntimeWarning,
                stacklevel=2,
            )
            state["run"] = function
            result = function(*args)
        state["proven"] = True
        return result

    return call


def _about_compiling(error: BaseException | None) -> bool:
    """Whether the error comes from torch's compiler and not from the function."""
    while error is not None:
        if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            return True
        error = error.__cause__
    return False
