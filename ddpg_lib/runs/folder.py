"""The run folder.

::

    config.json             environment, hyperparameters, seeds, versions
    curves.csv              one row an evaluation and agent
    episodes.csv            one row a training episode
    checkpoint.safetensors  everything that the run needs to go on
    actors.safetensors      the final actors, when the run is finished
    events.out.tfevents.*   the curves for TensorBoard, where that is installed
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import shlex
import shutil
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import torch
from safetensors.torch import save_file

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.history import History
from ddpg_lib.parts.state import State
from ddpg_lib.runs import saving
from ddpg_lib.runs.plan import AgentLike, Plan, versions
from ddpg_lib.runs.saving import Checkpoint, CheckpointError, InUseError, Tensors, replacing
from ddpg_lib.runs.tables import Board, curves_csv, episodes_csv

CHECKPOINT = "checkpoint.safetensors"
ACTORS = "actors.safetensors"


class RunFolder:
    """A folder that holds one run. :meth:`create` and :meth:`open` make the object.

    Attributes
    ----------
    path : Path
    plan : Plan
    checkpoint_every : int or None
        Steps between checkpoints; without it one follows each evaluation, unless writing them
        would take more than a twentieth of the time.
    """

    def __init__(
        self, path: Path, plan: Plan, checkpoint_every: int | None, spaces: Spaces | None = None
    ) -> None:
        self.path, self.plan, self.checkpoint_every = path, plan, checkpoint_every
        self.spaces = spaces
        self._lock = locked(path)
        for pattern in (".*.tmp", ".tmp??????"):  # ours and safetensors', of a killed process
            for unfinished in path.glob(pattern):
                unfinished.unlink(missing_ok=True)
        self._board: Board | None = None
        self.state: State | None = None
        self._written, self._cost = time.perf_counter(), 0.0

    @staticmethod
    def require_free(path: Path) -> None:
        """Refuse a folder that holds another run.

        Raises
        ------
        CheckpointError
            If it holds a run, or is a file.
        """
        if (path / "config.json").exists() or (path / CHECKPOINT).exists():
            raise CheckpointError(
                f"{path} holds a run already: go on with it by `ddpg resume {quoted(path)}`, or "
                "choose another folder"
            )
        if path.exists() and not path.is_dir():
            raise CheckpointError(f"{path} is a file: choose another folder for the run")

    @classmethod
    def create(
        cls,
        path: Path,
        plan: Plan,
        checkpoint_every: int | None,
        agent: DDPG,
        spaces: Spaces | None = None,
    ) -> RunFolder:
        """Make the folder, after checking that what comes will fit in it: hence the agent.

        Raises
        ------
        CheckpointError
            If it holds a run, cannot be written, or has too little space.
        ValueError
            If ``checkpoint_every`` is below 1, or the agent could not be saved and loaded.
        """
        if checkpoint_every is not None and checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be at least 1, got {checkpoint_every}")
        cls.require_free(path)
        _require_saveable(agent)
        plan.to_json()  # refuses what cannot be written
        try:
            path.mkdir(parents=True, exist_ok=True)
            needed, free = _space(plan, agent), shutil.disk_usage(path).free
        except OSError as error:
            raise CheckpointError(f"cannot make {path}: {error.strerror}") from None
        if needed > free:
            raise CheckpointError(
                f"{path} has {free / 2**20:,.0f} MiB left and the run needs "
                f"{needed / 2**20:,.0f} MiB: free some, lower buffer_size, or choose another disk"
            )
        folder = cls(path, plan, checkpoint_every, spaces)
        folder.write_plan()
        return folder

    @classmethod
    def open(
        cls, path: Path, env: EnvLike | None = None, agent: AgentLike | None = None
    ) -> RunFolder:
        """Find a run, to go on with it; ``env`` is needed if it was a function, ``agent`` if own.

        Raises
        ------
        CheckpointError
            If there is none, it is damaged, or another process is at work on it.
        """
        about, saved = read(path)
        plan = plan_of(path, about, saved, env, agent)
        folder = cls(path, plan, about.get("checkpoint_every"), spaces_of(about))
        folder.state = saved.state if saved else None
        then, now = dict(about.get("versions", {})), versions()
        changed = [f"{k} {then[k]} (now {now.get(k)})" for k in then if then[k] != now.get(k)]
        if changed:
            warnings.warn(
                f"the run began with {', '.join(changed)}: what follows may differ by rounding "
                "from a run without a break",
                stacklevel=3,
            )
        return folder

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._board:
            self._board.close()
        if self._lock:
            self._lock.close()

    def write_plan(self) -> None:
        """Write config.json."""
        about = _about(self.plan, self.checkpoint_every, self.spaces)
        self._write("config.json", json.dumps(about, indent=2) + "\n")

    def add_evaluation(self, history: History, agent: object = None) -> None:
        """Write the curves with a new evaluation at their end; TensorBoard also looks inside."""
        seeds = self.plan.seeds
        self._write("curves.csv", curves_csv(history, seeds))
        self._write("episodes.csv", episodes_csv(history, seeds))
        if self._board is None:
            self._board = Board(self.path, seeds, history.steps[-2] if history.steps[1:] else -1)
        self._board.add(history, agent)

    def is_due(self, step: int, evaluated: bool) -> bool:
        """Whether a checkpoint is to follow a step."""
        if self.checkpoint_every is not None:
            return step % self.checkpoint_every == 0
        return evaluated and time.perf_counter() - self._written >= 20 * self._cost

    def save(self, state: State, step: int) -> None:
        """Write a checkpoint of a ``state``, as :func:`ddpg_lib.runs.saving.save` can.

        Raises
        ------
        CheckpointError
            If that fails, with the command that continues from the last one.
        """
        start = time.perf_counter()
        about = _about(self.plan, self.checkpoint_every, self.spaces)
        try:
            saving.save(self.path / CHECKPOINT, state, about)
        except CheckpointError as error:
            raise CheckpointError(
                f"{error}. The run stopped at step {step:,}; its last checkpoint is "
                f"whole. Continue with: ddpg resume {quoted(self.path)}"
            ) from None
        self._written = time.perf_counter()
        self._cost = self._written - start

    def say_saved(self, step: int) -> str:
        """Print, and return, how to continue a run that was asked to stop."""
        message = f"Saved at step {step:,}. Continue with: ddpg resume {quoted(self.path)}"
        print(message, file=sys.stderr)
        return message

    @property
    def has_actors(self) -> bool:
        """Whether the final actors are written."""
        return (self.path / ACTORS).exists()

    def save_actors(self, agent: DDPG) -> None:
        """Write the final actors, for whoever needs nothing else."""
        weights = {name: x.cpu().contiguous() for name, x in agent.actor.state_dict().items()}
        with replacing(self.path / ACTORS) as temporary:
            save_file(weights, temporary, {"plan": json.dumps(self.plan.to_json())})

    def _write(self, name: str, text: str) -> None:
        with replacing(self.path / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def read(path: Path) -> tuple[dict[str, Any], Checkpoint | None]:
    """What a run folder says of its run, and its last checkpoint if it has one.

    The former is as from :meth:`Plan.to_json <ddpg_lib.runs.plan.Plan.to_json>`, with more
    beside.

    Raises
    ------
    CheckpointError
        If it holds no run, or is damaged.
    """
    saved = saving.load(path / CHECKPOINT) if (path / CHECKPOINT).exists() else None
    try:
        written = dict(json.loads((path / "config.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        if saved is None:
            raise CheckpointError(f"{path} holds no run: begin one with `ddpg train`") from None
        written = saved.about
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path / 'config.json'} is damaged: {error}") from None
    if saved is not None:
        _require_unedited(path / "config.json", written, saved.about)
    return (saved.about if saved else written), saved


def plan_of(
    path: Path,
    about: dict[str, Any],
    saved: Checkpoint | None,
    env: EnvLike | None = None,
    agent: AgentLike | None = None,
) -> Plan:
    """The plan of a run, after checking that carrying it out is no trap.

    ``about`` and ``saved`` are as from :func:`read`; ``env`` is needed if it was a function, and
    ``agent`` if it was of one's own making.

    Raises
    ------
    CheckpointError
        If it is impossible, if it claims more than the file holds, or if it names a module that
        lies in the run folder itself.
    """
    with as_checkpoint_error(path / (CHECKPOINT if saved else "config.json")):
        plan = Plan.from_json(about, env, agent)
        if isinstance(plan.env, str) and ":" in plan.env:
            spec = importlib.util.find_spec(plan.env.split(":")[0].split(".")[0])
            if spec and spec.origin and Path(spec.origin).resolve().is_relative_to(path.resolve()):
                raise ValueError(f"its environment {plan.env!r} would run code from the folder")
        if saved:
            c = plan.config
            history = _history(saved, plan.seeds)
            widths = zip(c.hidden, c.hidden[1:], strict=False)
            weights = 4 * len(plan.seeds) * sum(m * k for m, k in widths)
            too_few = not plan.own_agent and weights > saved.numbers  # others may hold less
            shape = (len(plan.seeds), c.eval_episodes)
            if too_few or any(x.shape != shape for x in history.returns):
                raise ValueError("its settings do not belong to its arrays")
    return plan


def curves_of(path: Path) -> History:
    """The curves of a run, finished or not; its environment need not be installed.

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged or foreign.
    """
    about, saved = read(path)
    if saved is None:
        raise CheckpointError(f"{path} has no checkpoint yet")
    with as_checkpoint_error(path / CHECKPOINT):
        return _history(saved, about["seeds"])


def spaces_of(about: dict[str, Any]) -> Spaces:
    """What a run folder says of its environment's spaces; ``about`` is as from :func:`read`."""
    found: dict[str, Any] = about["spaces"]
    bounds: dict[str, Any] = {
        k: tuple(x) if x else None for k, x in found.items() if k != "obs_dim"
    }
    return Spaces(int(found["obs_dim"]), **bounds)


def _about(plan: Plan, checkpoint_every: int | None, spaces: Spaces | None) -> dict[str, Any]:
    return {
        **plan.to_json(),
        "checkpoint_every": checkpoint_every,
        "spaces": json.loads(json.dumps(dataclasses.asdict(spaces))) if spaces else None,
        "versions": versions(),
    }


def _require_unedited(path: Path, written: dict[str, Any], saved: dict[str, Any]) -> None:
    """Refuse a config.json that says something else than what was done."""
    flat = [{**about, **about.get("config", {})} for about in (written, saved)]
    for key in (saved.keys() | saved.get("config", {}).keys()) - {"versions", "config"}:
        now, then = (about.get(key) for about in flat)
        if now != then:
            raise CheckpointError(
                f"{path} was edited: {key} is {json.dumps(now)} there, but the run was made with "
                f"{json.dumps(then)}, and a run's settings cannot change. Put that back, and begin "
                "another run for other settings"
            )


def _require_saveable(agent: DDPG) -> None:
    """Find out before the first step whether an agent of one's own could be loaded again."""
    try:
        state = agent.state_dict()
        saving.pack(state, {})
        agent.load_state_dict(state)
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"a {type(agent).__name__} cannot be saved and loaded again: {error}. Mend that, or "
            "train without a folder"
        ) from error


def _history(saved: Checkpoint, seeds: Sequence[int]) -> History:
    history = History(len(seeds))
    history.load_state_dict(saved.state["training"]["history"])
    return history


@contextlib.contextmanager
def as_checkpoint_error(path: Path) -> Iterator[None]:
    """Turn whatever an unfitting file leads to into one clear error, which names the file.

    Raises
    ------
    CheckpointError
        In place of what was raised in the ``with`` statement.
    """
    try:
        yield
    except CheckpointError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError) as e:
        text = " ".join(str(e).split())[:300]
        raise CheckpointError(f"{path} cannot be used: {text or type(e).__name__}") from e


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    return shlex.quote(str(path))


def _space(plan: Plan, agent: DDPG) -> int:
    """Bytes of the largest checkpoint, twice: the old one stays until the new one is whole."""
    tensors: Tensors = {}
    saving.pack(agent.state_dict(), tensors)
    filled = min(plan.config.steps / plan.config.buffer_size, 1)
    rows = sum(x.nbytes for x in vars(agent.replay).values() if isinstance(x, torch.Tensor))
    return int(2 * (filled * rows + sum(x.nbytes for x in tensors.values())) + 2**20)


def locked(path: Path) -> IO[str] | None:
    """Keep other processes from working on a folder; the system frees it when this one dies.

    Raises
    ------
    InUseError
        If another process is at work on it.
    CheckpointError
        If it cannot be written to.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        return None
    file: IO[str] | None = None
    try:
        file = (path / ".lock").open("w", encoding="utf-8")
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError(f"another process is at work on {path}") from None
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror}") from None
    return file
