"""Training that is asked for, shown, interrupted, saved and continued."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.envs.stack import StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.recipes import recipe as recipe_named
from ddpg_lib.runs.folder import CHECKPOINT, RunFolder, as_checkpoint_error, plan_of, read
from ddpg_lib.runs.interrupts import Interrupted, Interrupts
from ddpg_lib.runs.plan import Plan
from ddpg_lib.runs.progress import Progress
from ddpg_lib.runs.run import Run
from ddpg_lib.runs.saving import CheckpointError
from ddpg_lib.speed.malloc import keep_freed_memory
from ddpg_lib.training import Training

OnEvaluation = Callable[[int, DDPG], None]
"""Called with the step and the stack at every evaluation, step 0 included."""


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
    env
        What to train on, one for each agent.
    recipe
        The hyperparameters: a recipe's name or a value.
    seeds
        One an agent. The same seeds give the same run, to the bit, on the same machine with the
        same number of threads; agent i starts the same whoever trains beside it.
    env_kwargs
        For ``gymnasium.make``.
    device
        Where the networks live.
    compile
        Whether to compile the update: faster after some seconds, and the same up to rounding.
    folder
        A new run folder for configuration, curves and checkpoints; without it nothing is written.
        A run that broke off is continued by :func:`resume`.
    checkpoint_every
        Steps between checkpoints. Without it one follows each evaluation, unless writing them
        would take more than a twentieth of the time.
    progress
        Whether to show a progress bar.
    on_evaluation
        Called at every evaluation.
    start
        A trained stack whose networks these agents begin with, of the same shape. The warm-up
        then plays its policies with noise, not random actions. For runs without a folder.
    **changes
        Hyperparameters that differ from the recipe's.

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
    config = (recipe_named(recipe) if isinstance(recipe, str) else recipe).replace(**changes)
    plan = Plan(env, config, tuple(seeds), env_kwargs or {}, str(device), compile)
    if start is not None and folder is not None:
        raise ValueError("a run that begins with trained networks cannot have a folder")
    if folder is not None:
        RunFolder.require_free(Path(folder))
    session = Session(plan, start=start)
    if folder is not None:
        session.folder = RunFolder.create(Path(folder), plan, checkpoint_every, session.agent)
    return session.run(progress, on_evaluation)


def resume(
    folder: str | Path,
    *,
    env: EnvLike | None = None,
    device: str | None = None,
    progress: bool = True,
    on_evaluation: OnEvaluation | None = None,
) -> Run:
    """Continue a run that broke off, so that it ends as it would have without the break.

    On the same machine, with the same versions and number of threads, it ends the same to the
    bit. A run that is finished is returned as it is. ``env`` is needed if it was a function and
    not an id; ``on_evaluation`` is as for :func:`train`. Without ``device`` it is the run's own.

    Raises
    ------
    CheckpointError
        If there is no run, or its checkpoint is damaged or foreign.
    """
    run_folder = RunFolder.open(Path(folder), env)
    if device is not None:
        run_folder.plan = dataclasses.replace(run_folder.plan, device=device)
    with as_checkpoint_error(run_folder.path / CHECKPOINT):
        session = Session(run_folder.plan, run_folder)
        if run_folder.state is not None:
            session.load_state_dict(run_folder.state)
    run_folder.state = None  # no longer needed, and large
    return session.run(progress, on_evaluation)


def load(folder: str | Path, *, env: EnvLike | None = None, device: str | None = None) -> Run:
    """A run as its last checkpoint holds it, finished or not.

    ``env`` is needed if it was a function and not an id. Without ``device`` it is the run's own.

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged or foreign.
    """
    path = Path(folder)
    about, saved = read(path)
    if saved is None:
        raise CheckpointError(f"{path} has no checkpoint yet")
    plan = dataclasses.replace(plan_of(path, about, saved, env), compile=False)
    if device is not None:
        plan = dataclasses.replace(plan, device=device)
    with as_checkpoint_error(path / CHECKPOINT):
        session = Session(plan)
        session.training.envs.close()
        session.agent.load_state_dict(saved.state["training"]["agent"])
        session.training.history.load_state_dict(saved.state["training"]["history"])
        return session.result(float(saved.state["seconds"]))


class Session:
    """A training under way, with its clock and, where it has one, its folder.

    ``start`` is a trained stack to begin with, as for :func:`train`.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder | None = None, start: DDPG | None = None
    ) -> None:
        keep_freed_memory()
        self.plan, self.folder = plan, folder
        config = plan.config
        envs = StackedEnvs(plan.env, plan.seeds, **plan.env_kwargs)
        spaces = (envs.obs_dim, envs.action_low, envs.action_high)
        self.agent = DDPG(*spaces, config, plan.seeds, plan.device, plan.compile)
        if start is not None:
            self.agent.load_networks(start)
        evaluator = Evaluator(plan.env, config.eval_episodes, **plan.env_kwargs)
        self.training = Training(envs, self.agent, config, evaluator, random_warmup=start is None)
        self._began = time.perf_counter()

    def run(self, progress: bool, on_evaluation: OnEvaluation | None) -> Run:
        """Train to the end, show how far it is, and save what there is a folder for.

        ``on_evaluation`` is as for :func:`train`.
        """
        training = self.training
        with contextlib.ExitStack() as stack:
            stack.callback(training.envs.close)
            stack.callback(training.evaluator.close)
            stop = stack.enter_context(Interrupts(active=self.folder is not None))
            shown = progress and not training.finished
            bar = stack.enter_context(Progress(self.plan, training.step, shown))
            if self.folder:
                stack.enter_context(self.folder)
            for evaluated in training.steps():
                bar.update(training.step - bar.n)
                if evaluated:
                    bar.note(training.history.returns[-1].mean())
                    if self.folder:
                        self.folder.add_evaluation(training.history)
                    if on_evaluation:
                        on_evaluation(training.step, self.agent)
                if self.folder and training.step:
                    self._save_what_is_due(self.folder, evaluated, stop.noted)
        return self.result(self.seconds())

    def _save_what_is_due(self, folder: RunFolder, evaluated: bool, stop: bool) -> None:
        step, done = self.training.step, self.training.finished
        if done:  # before the checkpoint, after which nothing is left to continue
            folder.save_actors(self.agent)
        if stop or done or folder.is_due(step, evaluated):
            folder.save(self.state_dict(), step)
        if stop and not done:
            raise Interrupted(folder.say_saved(step))

    def seconds(self) -> float:
        """Wall time, of all parts of a run that was continued."""
        return time.perf_counter() - self._began

    def result(self, seconds: float) -> Run:
        """What training has reached."""
        history = self.training.history
        return Run(
            env=self.plan.env,
            config=self.plan.config,
            seeds=list(self.plan.seeds),
            agent=self.agent,
            steps=np.array(history.steps),
            returns=np.stack(history.returns, axis=1),
            episodes=history.episodes,
            metrics={name: np.stack(x, axis=1) for name, x in history.metrics.items()},
            seconds=seconds,
            env_kwargs=self.plan.env_kwargs,
        )

    def state_dict(self) -> dict[str, Any]:
        """All that changes: the training, the clock, and random states that others may use.

        For :meth:`load_state_dict`.
        """
        return {
            "training": self.training.state_dict(),
            "seconds": self.seconds(),
            "random": {
                "python": random.getstate(),
                "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
                "torch": torch.get_rng_state(),
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If it does not fit the plan.
        """
        self.training.load_state_dict(state["training"])
        self._began = time.perf_counter() - state["seconds"]
        random.setstate(state["random"]["python"])
        np.random.set_state(state["random"]["numpy"])  # noqa: NPY002
        torch.set_rng_state(state["random"]["torch"])
