"""The training loop for a stack of agents."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpg_lib.checkpoint import CheckpointError
from ddpg_lib.config import Config, recipe
from ddpg_lib.ddpg import DDPG
from ddpg_lib.divergence import require_finite
from ddpg_lib.envs import EnvLike, StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.interrupts import Interrupts
from ddpg_lib.memory import keep_freed_memory
from ddpg_lib.plan import Plan
from ddpg_lib.progress import Progress
from ddpg_lib.records import Record, Run
from ddpg_lib.runfolder import RunFolder, fitting, plan_of, read
from ddpg_lib.state import restore

OnEvaluation = Callable[[int, DDPG], None]
LOOK_EVERY = 100  # updates between looks at the losses on a GPU, which has to be waited for


def train(
    env: EnvLike,
    recipe: str | Config = "default",
    seeds: Sequence[int] = (0,),
    *,
    env_kwargs: dict[str, Any] | None = None,
    device: str | torch.device = "cpu",
    compile: bool = False,
    folder: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: bool = True,
    on_evaluation: OnEvaluation | None = None,
    start: DDPG | None = None,
    **changes: Any,
) -> Run:
    """Train a stack of agents, one for each seed, in lockstep.

    Parameters
    ----------
    env : str or callable
        A Gymnasium id, or a function without arguments that returns an environment.
    recipe : str or Config
        The hyperparameters: a recipe's name or a value.
    seeds : sequence of int
        One an agent. The same seeds give the same run, to the bit, on the same machine with the
        same number of threads; agent i starts the same whoever trains beside it.
    env_kwargs : dict, optional
        For ``gymnasium.make``.
    device : str or torch.device
        Where the networks live.
    compile : bool
        Whether to compile the update: faster after some seconds, and the same up to rounding.
    folder : str or Path, optional
        A new run folder for configuration, curves and checkpoints; without it nothing is written.
        A run that broke off is continued by :func:`resume`.
    checkpoint_every : int, optional
        Steps between checkpoints. Without it one follows each evaluation, unless writing them
        would take more than a twentieth of the time.
    progress : bool
        Whether to show a progress bar.
    on_evaluation : callable, optional
        Called with the step and the stack at every evaluation, step 0 included.
    start : DDPG, optional
        A trained stack whose networks these agents begin with, of the same shape. The warm-up
        then plays its policies with noise, not random actions. For runs without a folder.
    **changes
        Hyperparameters that differ from the recipe's.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        Before the first step, for settings or spaces that cannot work.
    CheckpointError
        If the folder holds another run, cannot be written, or is full.
    DivergenceError
        At once when an observation, a reward, an action or a loss is NaN or infinite.
    KeyboardInterrupt
        At Ctrl-C. With a folder the run is saved first, and the command to continue it printed.
    """
    config = (_recipe(recipe) if isinstance(recipe, str) else recipe).replace(**changes)
    numbers = tuple(int(seed) for seed in seeds)
    plan = Plan(env, config, numbers, env_kwargs or {}, str(device), compile)
    if start is not None and folder is not None:
        raise ValueError("a run that begins with trained networks cannot have a folder")
    if folder is None:
        return _carry_out(Training(plan, start), None, progress, on_evaluation)
    RunFolder.require_free(Path(folder))
    training = Training(plan)
    run_folder = RunFolder.create(Path(folder), plan, checkpoint_every, training.agent)
    return _carry_out(training, run_folder, progress, on_evaluation)


def resume(
    folder: str | Path,
    *,
    env: EnvLike | None = None,
    progress: bool = True,
    on_evaluation: OnEvaluation | None = None,
) -> Run:
    """Continue a run that broke off, so that it ends as it would have without the break.

    On the same machine, with the same versions and number of threads, it ends the same to the
    bit. A run that is finished is returned as it is.

    Parameters
    ----------
    folder : str or Path
        The run folder.
    env : callable, optional
        The environment, if it was a function and not an id.
    progress, on_evaluation
        As for :func:`train`.

    Returns
    -------
    Run

    Raises
    ------
    CheckpointError
        If there is no run, or its checkpoint is damaged or foreign.
    """
    run_folder = RunFolder.open(Path(folder), env)
    with fitting(run_folder.path):
        training = Training(run_folder.plan)
    run_folder.restore(training)
    return _carry_out(training, run_folder, progress, on_evaluation)


def load(folder: str | Path, *, env: EnvLike | None = None) -> Run:
    """A run as its last checkpoint holds it, finished or not.

    Parameters
    ----------
    folder : str or Path
        The run folder.
    env : callable, optional
        The environment, if it was a function and not an id.

    Returns
    -------
    Run

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged or foreign.
    """
    path = Path(folder)
    about, saved = read(path)
    if saved is None:
        raise CheckpointError(f"{path} has no checkpoint yet")
    plan = plan_of(path, about, saved, env)
    with fitting(path):
        training = Training(dataclasses.replace(plan, compile=False))
        training.envs.close()
        restored = restore(training.blank(), saved.state, saved.tensors)
    return dataclasses.replace(training.run(), seconds=restored["seconds"])


class Training:
    """A run under way: what :func:`train` makes, steps, and saves.

    Parameters
    ----------
    plan : Plan
        What is asked.
    start : DDPG, optional
        As for :func:`train`.

    Attributes
    ----------
    plan : Plan
        What was asked.
    begins_trained : bool
        Whether its networks began as those of another stack.
    step : int
        Steps taken by each agent.
    agent : DDPG
    record : Record
        The curves so far.
    """

    def __init__(self, plan: Plan, start: DDPG | None = None) -> None:
        keep_freed_memory()
        self.plan, self.config = plan, plan.config
        self.envs = StackedEnvs(plan.env, plan.seeds, **plan.env_kwargs)
        dims = (self.envs.obs_dim, self.envs.action_low, self.envs.action_high)
        self.agent = DDPG(*dims, plan.config, plan.seeds, plan.device, plan.compile)
        self.begins_trained = start is not None
        if start is not None:
            self.agent.adopt(start)
        n = len(plan.seeds)
        self.step = 0
        self.obs = np.zeros((n, self.envs.obs_dim), np.float32)
        self.episode_return = np.zeros(n)
        self.latest = {name: torch.full((n,), torch.nan) for name in ("critic_loss", "q")}
        self.record = Record(n)
        self.seconds, self._started = 0.0, time.perf_counter()

    @functools.cached_property
    def evaluator(self) -> Evaluator:
        """The evaluation's environments, made when they are needed."""
        n, episodes = len(self.plan.seeds), self.config.eval_episodes
        return Evaluator(self.plan.env, n, episodes, **self.plan.env_kwargs)

    def begin(self) -> None:
        """Evaluate the untrained policies, and begin the first episodes."""
        self.evaluate()
        self.obs = self.envs.reset()
        self._require_finite("observation", self.obs)

    def advance(self) -> None:
        """One step of every environment and, after the warm-up, one update of every agent."""
        self.step += 1
        warm = self.step > self.config.warmup_steps
        plays = warm or self.begins_trained
        action = self.agent.explore(self.obs) if plays else self.agent.random()
        self._require_finite("action", action)
        next_obs, reward, terminated, truncated, following = self.envs.step(action)
        self._require_finite("reward", reward)
        self._require_finite("observation", next_obs)
        self.agent.remember(self.obs, action, reward, next_obs, terminated, truncated)
        self.obs = following
        if warm:
            self.latest = self.agent.update()
            if self.agent.device.type == "cpu" or self.step % LOOK_EVERY == 0:
                for name, values in self.latest.items():
                    self._require_finite(name, values.cpu().numpy())

        self.episode_return += reward
        ended = terminated | truncated
        if ended.any():
            self._require_finite("observation", following)
            self.agent.noise.reset(ended)
            for i in np.flatnonzero(ended):
                self.record.episodes[i].append((self.step, float(self.episode_return[i])))
            self.episode_return[ended] = 0.0

    def evaluate(self) -> None:
        """Note the returns of the noise-free policies."""
        returns = self.evaluator(self.agent)
        self._require_finite("evaluation return", returns)
        self.record.add(self.step, returns, self.latest)

    def evaluation_is_due(self) -> bool:
        """Whether this is the last step, or one of those between evaluations."""
        return self.step % self.config.eval_every == 0 or self.finished()

    def finished(self) -> bool:
        """Whether all steps are taken."""
        return self.step >= self.config.steps

    def run(self) -> Run:
        """What training has reached.

        Returns
        -------
        Run
        """
        record = self.record.state_dict()
        return Run(
            env=self.plan.env,
            config=self.config,
            seeds=list(self.plan.seeds),
            agent=self.agent,
            steps=record["steps"],
            returns=record["returns"].transpose(1, 0, 2),
            episodes=self.record.episodes,
            metrics={name: values.T for name, values in record["metrics"].items()},
            seconds=self.elapsed(),
            env_kwargs=self.plan.env_kwargs,
        )

    def elapsed(self) -> float:
        """Wall time in seconds, of all parts of a run that was continued."""
        return self.seconds + time.perf_counter() - self._started

    def state(self) -> dict[str, Any]:
        """All that changes during a run, for :func:`ddpg_lib.state.collect`.

        The evaluation's environments are not in it: each evaluation resets them with fixed seeds.

        Returns
        -------
        dict
        """
        changing = ("step", "obs", "episode_return", "latest", "agent", "record")
        return {
            **{name: getattr(self, name) for name in changing},
            "seconds": self.elapsed(),
            "episodes": self.envs.episodes.state_dict(),
            "elsewhere": _random_state_elsewhere(),
        }

    def blank(self) -> dict[str, Any]:
        """What :func:`ddpg_lib.state.restore` brings to a saved state, for :meth:`take`.

        Returns
        -------
        dict
            As :meth:`state`, without what is not restored in place.
        """
        return {**self.state(), "episodes": None, "elsewhere": None}

    def take(self, state: dict[str, Any]) -> None:
        """Go on from a state that was saved; agent and record hold theirs already.

        Parameters
        ----------
        state : dict
            As from :meth:`state`.
        """
        for name in ("step", "obs", "episode_return", "latest", "seconds"):
            setattr(self, name, state[name])
        lost = self.envs.episodes.restore(state["episodes"], self.obs)
        if lost.any():
            self.agent.noise.reset(lost)
            self.agent.replay.cut(lost)
            self.episode_return[lost] = 0.0
        random.setstate(state["elsewhere"]["random"])
        np.random.set_state(state["elsewhere"]["numpy"])  # noqa: NPY002
        torch.set_rng_state(state["elsewhere"]["torch"])

    def _require_finite(self, what: str, values: Any) -> None:
        require_finite(what, values, self.step, self.plan.seeds)


def _carry_out(
    training: Training,
    folder: RunFolder | None,
    progress: bool,
    on_evaluation: OnEvaluation | None,
) -> Run:
    """Step until the end, evaluate in between, and save what there is a folder for."""
    with contextlib.ExitStack() as stack:
        stack.callback(training.envs.close)
        stop = stack.enter_context(Interrupts(active=folder is not None))
        bar = stack.enter_context(
            Progress(training.plan, training.step, progress and not training.finished())
        )
        keeper = stack.enter_context(folder) if folder else None

        def tell() -> None:
            bar.note(training.record.returns[-1].mean())
            if keeper:
                keeper.add_evaluation(training.record)
            if on_evaluation:
                on_evaluation(training.step, training.agent)

        if not training.record.steps:
            training.begin()
            tell()
        while not training.finished():
            training.advance()
            bar.update()
            due = training.evaluation_is_due()
            if due:
                training.evaluate()
                tell()
            if keeper:
                keeper.after_step(training, due, stop.noted)
    return training.run()


def _random_state_elsewhere() -> dict[str, Any]:
    """Random states that the library does not use, but an environment might."""
    return {
        "random": random.getstate(),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
        "torch": torch.get_rng_state(),
    }


_recipe = recipe  # the name is also train's parameter
