"""Times that can be compared: in turns, in parts that sum to the whole, and as calls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode

Array = NDArray[np.float64]
VIEWS = {
    "alias", "as_strided", "detach", "expand", "lift_fresh", "permute", "select", "slice", "split",
    "split_with_sizes", "squeeze", "t", "transpose", "unsqueeze", "view", "_unsafe_view",
    "_record_function_enter_new", "_record_function_exit",
}  # fmt: skip
"""Operations that calculate nothing."""


def in_turns(
    jobs: Mapping[str, Callable[[], object]], turns: int = 9, repeats: int = 50
) -> dict[str, Array]:
    """Microseconds of each of ``jobs`` in each turn, ``{name: (turns,)}``, a mean over ``repeats``.

    The jobs take turns, so that whatever else the machine does meets all of them. A first turn
    warms up and is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(-1, turns):
        for name, job in jobs.items():
            start = time.perf_counter()
            for _ in range(repeats):
                job()
            if turn >= 0:
                times[name].append(1e6 * (time.perf_counter() - start) / repeats)
    return {name: np.array(x) for name, x in times.items()}


class Stopwatch:
    """Where the time of a job goes: methods of objects are wrapped, and no second counts twice.

    What a wrapped method spends in another one counts there and not here, so the parts sum to the
    whole. Use as a context manager: at its end the objects are as before.

    Parameters
    ----------
    parts
        For each part, the objects and names of their methods.

    Attributes
    ----------
    seconds : dict of float
        By part.
    """

    def __init__(self, parts: Mapping[str, Sequence[tuple[object, str]]]) -> None:
        self.parts = parts
        self.seconds = dict.fromkeys(parts, 0.0)
        self._own: list[tuple[object, str, Any]] = []  # what objects had of their own
        self._open: list[float] = []  # for each method at work, what others spent inside

    def __enter__(self) -> Stopwatch:
        """Wrap the methods."""
        for part, methods in self.parts.items():
            for owner, name in methods:
                self._own.append((owner, name, vars(owner).get(name)))
                setattr(owner, name, self._timed(part, getattr(owner, name)))
        return self

    def __exit__(self, *error: object) -> None:
        """Give the objects their own methods back."""
        while self._own:
            owner, name, own = self._own.pop()
            if own is None:
                delattr(owner, name)  # its class's appears again
            else:
                setattr(owner, name, own)

    def _timed(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._open.append(0.0)
            start = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                whole = time.perf_counter() - start
                self.seconds[part] += whole - self._open.pop()
                if self._open:
                    self._open[-1] += whole

        return timed


def breakdown(
    job: Callable[[], object],
    parts: Mapping[str, Sequence[tuple[object, str]]],
    repeats: int = 500,
    rest: str = "all else",
) -> dict[str, float]:
    """Microseconds of ``parts`` of ``job()``, ``{part: us}``; with the ``rest`` they sum up."""
    job()
    with Stopwatch(parts) as watch:
        start = time.perf_counter()
        for _ in range(repeats):
            job()
        whole = time.perf_counter() - start
    found = {name: 1e6 * x / repeats for name, x in watch.seconds.items()}
    return {**found, rest: 1e6 * whole / repeats - sum(found.values())}


class _Counting(TorchDispatchMode):
    """Counts the calls of PyTorch's operations, in backward passes too."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls[func.overloadpacket.__name__] += 1
        return func(*args, **(kwargs or {}))


def calls(job: Callable[[], object]) -> Counter[str]:
    """How often each of PyTorch's operations that calculates is called while ``job()`` runs."""
    with _Counting() as counting:
        job()
    return Counter({name: k for name, k in counting.calls.items() if name not in VIEWS})


def on_each_device(agents: int, width: int, repeats: int = 20) -> dict[str, float]:
    """Microseconds a step of one agent of an eager stack, ``{"cpu": us, "cuda": us}``."""
    from ddpg_lib.chapters.ch20.ladder import Library

    def waited(rung: Library) -> Callable[[], None]:
        def job() -> None:
            rung.step()
            torch.cuda.synchronize()

        return job

    jobs = {
        device: waited(Library(width=width, batch=width, agents=agents, device=device))
        for device in ("cpu", "cuda")
    }
    times = in_turns(jobs, 3, repeats)
    return {device: float(np.median(t)) / agents for device, t in times.items()}


def price_of_a_call(width: int = 8, repeats: int = 2_000) -> dict[str, float]:
    """Microseconds of adding ``(width, width)`` numbers in the fastest of 7 turns, by manner."""
    x, y = torch.ones(width, width), torch.ones(width, width)
    w = torch.ones(width, width, requires_grad=True)
    a, b, out = x.numpy(), y.numpy(), torch.empty_like(x)

    def with_gradient() -> None:
        torch.autograd.grad(w + x, w, y)

    jobs = {
        "NumPy": lambda: a + b,
        "PyTorch": lambda: x + y,
        "PyTorch, in place": lambda: torch.add(x, y, out=out),
        "PyTorch, and its gradient": with_gradient,
    }
    return {name: float(t.min()) for name, t in in_turns(jobs, 7, repeats).items()}
