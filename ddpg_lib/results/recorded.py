"""The recorded runs that ship with the library: curves, trained networks, how they came about."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import make
from ddpg_lib.envs.pixels import seen
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.errors import did_you_mean
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.parts.networks import target_of
from ddpg_lib.runs.tables import read_table

Array = NDArray[np.float64]
DATA = Path(str(files("ddpg_lib"))) / "data"
NETWORKS = ("actor", "critic", "encoder")  # the last where there is one
MOMENTS = ("start", "midway", "final")


def names() -> list[str]:
    """The recorded runs that are there, for :func:`recorded`."""
    return sorted(path.parent.name for path in DATA.glob("*/manifest.json"))


@functools.cache
def recorded(name: str) -> RecordedRun:
    """A recorded run by name, one of :func:`names`.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if name not in names():
        hint = did_you_mean(name, names())
        raise ValueError(f"there is no recorded run {name!r}, only {', '.join(names())}{hint}")
    return RecordedRun.read(DATA / name)


@dataclasses.dataclass(frozen=True)
class RecordedRun:
    """A recorded run.

    Attributes
    ----------
    folder : Path
        Where its files lie.
    manifest : dict
        Command, commit, versions, seeds, hardware, wall time and checksums.
    env : str
        A Gymnasium id.
    judged : str
        That of the world in which the final policies were judged; nearly always the same.
    config : Config
        The hyperparameters.
    seeds : list of int
        One an agent.
    steps : array of int, shape (evaluations,)
        Environment steps of each agent at each evaluation, from 0.
    curves : array, shape (n, evaluations)
        Mean evaluation return of each agent, without noise.
    final : array, shape (n, episodes)
        Returns of the final policies, without noise.
    inside : dict of array, shape (n, evaluations)
        As from :func:`ddpg_lib.results.inside.look_inside`, at every evaluation.
    """

    folder: Path
    manifest: dict[str, Any]
    env: str
    judged: str
    config: Config
    seeds: list[int]
    steps: NDArray[np.int64]
    curves: Array
    final: Array
    inside: dict[str, Array]

    @classmethod
    def read(cls, folder: Path) -> RecordedRun:
        """Read what :func:`ddpg_lib.results.reproduce.reproduce` left in ``record``."""
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        seeds = list(manifest["seeds"])
        steps, curves = read_table(folder / "curves.csv.gz", seeds)
        _, inside = read_table(folder / "inside.csv.gz", seeds)
        _, final = read_table(folder / "final.csv.gz", seeds)
        return cls(
            folder=folder,
            manifest=manifest,
            env=manifest["env"],
            judged=manifest.get("judged in", manifest["env"]),
            config=Config(**manifest["config"]),
            seeds=seeds,
            steps=steps,
            curves=curves["return"],
            final=final["return"],
            inside=inside,
        )

    def agent(self, moment: str = "final", which: Sequence[int] | None = None) -> DDPG:
        """The stack as it was, or some of its agents.

        The replay buffer is empty, the targets equal the networks, and the optimizers begin anew.

        Parameters
        ----------
        moment
            "start", "midway" or "final".
        which
            Places in the stack; all by default.

        Raises
        ------
        ValueError
            For another moment.
        """
        if moment not in MOMENTS:
            raise ValueError(f"moment must be one of {', '.join(MOMENTS)}; got {moment!r}")
        world, kwargs = seen(self.env, self.config)
        env = make(world, **kwargs)
        spaces = Spaces.of(env)
        env.close()
        places = list(range(len(self.seeds)) if which is None else which)
        seeds = [self.seeds[i] for i in places]
        sizes = (spaces.frames or spaces.obs_dim, spaces.low, spaces.high)
        agent = agent_of(self.config)(*sizes, self.config, seeds)  # type: ignore[arg-type]
        if moment != "start":  # the first weights follow from the seeds
            load_weights(agent, self.folder / f"{moment}.safetensors", places)
        return agent

    @property
    def midway(self) -> int:
        """The step at which the midway networks were kept."""
        half = self.config.steps // 2
        return int(self.steps[self.steps >= half][0])

    def middle_agent(self) -> int:
        """The place of a typical agent: its final return is nearest to the interquartile mean."""
        means = self.final.mean(axis=1)
        return int(np.abs(means - iqm(means)).argmin())

    def interval(self) -> tuple[float, float, float]:
        """Interquartile mean of the agents' final means, and its 95% bootstrap interval's ends."""
        means = self.final.mean(axis=1)
        low, high = bootstrap_interval(means)
        return float(iqm(means)), float(low), float(high)

    def expected(self, episodes: int) -> tuple[Array, Array]:
        """Where each agent's mean over so many new episodes should lie, with 99.9% confidence.

        Drawn again and again from its recorded episodes and, since a failure may be too rare to
        be among them, from the worst episode of the whole stack as one more. Lower and upper ends
        are ``(n,)``.
        """
        rng = np.random.default_rng(0)
        # A mean over `episodes` against one over the recorded ones: both vary.
        worst = np.full((len(self.final), 1), self.final.min())
        possible = np.concatenate([self.final, worst], axis=1)
        drawn = rng.choice(possible, (20_000, episodes), axis=1).mean(axis=-1)
        wide = np.sqrt(1 + episodes / self.final.shape[1])
        center = self.final.mean(axis=1, keepdims=True)
        low, high = np.quantile(center + wide * (drawn - center), (0.0005, 0.9995), axis=1)
        return low, high


def save_weights(agent: DDPG, path: Path) -> None:
    """Write a stack's actors and critics as float32 to a ``.safetensors`` file."""
    weights = {
        # Each its own: actor and critic share the statistics of observations.
        f"{name}.{key}": x.detach().cpu().contiguous().clone()
        for name in NETWORKS
        if hasattr(agent, name)
        for key, x in getattr(agent, name).state_dict().items()
    }
    save_file(weights, path)


def join_weights(paths: Sequence[Path], path: Path) -> None:
    """Write the stacks of several files, as from :func:`save_weights`, as one of all agents."""
    stacks = [load_file(part) for part in paths]
    # Without agents' dimension is what all agents share: the count of observations.
    shared = {key for key, x in stacks[0].items() if x.ndim == 0}
    joined = {
        key: x if key in shared else torch.cat([stack[key] for stack in stacks])
        for key, x in stacks[0].items()
    }
    save_file(joined, path)


def load_weights(agent: DDPG, path: Path, which: Sequence[int] | None = None) -> None:
    """Give a stack the actors and critics of a file, and targets equal to them.

    The file is as from :func:`save_weights`; ``which`` are the places in its stack of the agents
    wanted, all by default.

    Raises
    ------
    ValueError
        If the file is damaged, or of networks of another shape.
    """
    try:
        weights = load_file(path)
        for name in NETWORKS:
            if not hasattr(agent, name):
                continue
            part = {
                # All agents share the count of observations.
                k.split(".", 1)[1]: x if which is None or x.ndim == 0 else x[list(which)]
                for k, x in weights.items()
                if k.startswith(f"{name}.")
            }
            getattr(agent, name).load_state_dict(part)
            if hasattr(agent, f"{name}_target"):
                target = getattr(agent, f"{name}_target")
                target.load_state_dict(target_of(getattr(agent, name)).state_dict())
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"{path.name} does not fit this stack: {error}") from None
