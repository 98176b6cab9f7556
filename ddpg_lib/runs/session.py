"""Training that is asked for, shown, interrupted, saved and continued."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import (
    DivergenceError,
    EnvironmentFailedError,
    InterfaceError,
    name_of,
    note_on_scales,
)
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.envs.pixels import seen
from ddpg_lib.envs.stack import Spaces, StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.history import History
from ddpg_lib.parts.replay import ReplayBuffer
from ddpg_lib.parts.seeds import checked
from ddpg_lib.recipes import recipe as recipe_named
from ddpg_lib.runs.folder import (
    CHECKPOINT,
    RunFolder,
    as_checkpoint_error,
    plan_of,
    read,
    spaces_of,
)
from ddpg_lib.runs.interrupts import Interrupted, Interrupts
from ddpg_lib.runs.memory import require_memory
from ddpg_lib.runs.plan import AgentLike, Plan, available
from ddpg_lib.runs.progress import Progress
from ddpg_lib.runs.run import Run
from ddpg_lib.runs.saving import CheckpointError
from ddpg_lib.speed.malloc import keep_freed_memory
from ddpg_lib.training import Training

OnEvaluation = Callable[[Run], "bool | np.bool_ | None"]
"""Called at every evaluation, step 0 included, with the run so far; ends the run by ``True``."""


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
    agent: AgentLike | None = None,
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
        Called at every evaluation, step 0 included, with the run so far. If it returns ``True``
        the run ends there, saved, and is returned. If it raises, the run is saved too.
    start
        A trained stack whose networks these agents begin with, of the same shape. The warm-up
        then plays its policies with noise, not random actions.
    agent
        What makes the stack: a class derived from :class:`~ddpg_lib.ddpg.DDPG`, with other
        networks or other noise, or a function with the same arguments. By default the class that
        the configuration is for: DDPG, or with a ``memory`` or an ``encoder`` one of
        :data:`~ddpg_lib.agents.kinds.KINDS`.
    **changes
        Hyperparameters that differ from the recipe's.

    Raises
    ------
    ValueError
        Before the first step, for settings or spaces that cannot work.
    CheckpointError
        If the folder holds another run, cannot be written, or is full.
    InterfaceError
        At the first reset or step, if the environment returns what Gymnasium does not know.
    DivergenceError
        At once when an observation, a reward, an action or a loss is NaN or infinite.
    EnvironmentFailedError
        If an environment raises an exception. With a folder the run is saved first.
    KeyboardInterrupt
        At Ctrl-C. With a folder the run is saved first, and the command to continue it printed.
    """
    config = (recipe_named(recipe) if isinstance(recipe, str) else recipe).replace(**changes)
    warm = start is not None
    agent = agent or agent_of(config)
    plan = Plan(env, config, checked(seeds), env_kwargs or {}, str(device), compile, agent, warm)
    if folder is not None:
        RunFolder.require_free(Path(folder))
    session = Session(plan, start=start)
    if folder is not None:
        session.create_folder(Path(folder), checkpoint_every)
    return session.run(progress, on_evaluation)


def resume(
    folder: str | Path,
    *,
    env: EnvLike | None = None,
    agent: AgentLike | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    on_evaluation: OnEvaluation | None = None,
) -> Run:
    """Continue a run that broke off, so that it ends as it would have without the break.

    On the same machine, with the same versions and number of threads, it ends the same to the
    bit. A run that is finished is returned as it is.

    Parameters
    ----------
    folder
        The run folder.
    env
        Needed if it was a function and not an id.
    agent
        Needed if it was of one's own making.
    device
        Where to go on, by default where the run was: another one rounds otherwise.
    progress, on_evaluation
        As for :func:`train`.

    Raises
    ------
    CheckpointError
        If there is no run, or its checkpoint is damaged or foreign.
    ValueError
        If the device is not there.
    """
    run_folder = RunFolder.open(Path(folder), env, agent)
    plan = run_folder.plan
    if device is not None:
        plan = dataclasses.replace(plan, device=str(available(device)))
    with as_checkpoint_error(run_folder.path / CHECKPOINT):
        available(plan.device)
    moved, run_folder.plan = plan != run_folder.plan, plan
    if plan.warm_start and run_folder.state is None:
        raise CheckpointError(f"{folder} broke off before it had saved the networks it began with")
    with as_checkpoint_error(run_folder.path / CHECKPOINT):
        session = Session(plan, run_folder)
        if run_folder.state is not None:
            session.load_state_dict(run_folder.state)
    if moved:
        run_folder.write_plan()
        if run_folder.state is not None:
            run_folder.save(session.state_dict(), session.training.step)
    run_folder.state = None  # no longer needed, and large
    return session.run(progress, on_evaluation)


def extend(
    folder: str | Path,
    to: str | Path,
    steps: int,
    *,
    env: EnvLike | None = None,
    agent: AgentLike | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    on_evaluation: OnEvaluation | None = None,
) -> Run:
    """Train longer: a new run that goes on from all that another one has reached.

    The new run names its parent, which stays as it is. Where step sizes decay (``lr_decay``),
    they follow the longer schedule from there on.

    Parameters
    ----------
    folder
        The run to go on from, finished or not.
    to
        The new run folder.
    steps
        Of the new run in all, the parent's included.
    env, agent, device, progress, on_evaluation
        As for :func:`resume`.

    Raises
    ------
    CheckpointError
        If there is no checkpoint to go on from, or the new folder holds another run.
    ValueError
        If the parent has made as many steps already, or the device is not there.
    """
    path = Path(folder)
    RunFolder.require_free(Path(to))
    about, saved = read(path)
    if saved is None:
        raise CheckpointError(f"{path} has no checkpoint yet")
    plan = plan_of(path, about, saved, env, agent)
    step = int(saved.state["training"]["step"])
    if steps <= step:
        raise ValueError(f"steps must be more than the {step:,} that {path} has made; got {steps}")
    plan = dataclasses.replace(
        plan,
        config=plan.config.replace(steps=steps),
        device=str(available(device or plan.device)),
        parent={"folder": str(path), "step": step},
    )
    session = Session(plan)
    session.create_folder(Path(to), about.get("checkpoint_every"))
    with as_checkpoint_error(path / CHECKPOINT):
        session.load_state_dict(saved.state)
    session.save()
    return session.run(progress, on_evaluation)


def load(
    folder: str | Path,
    *,
    env: EnvLike | None = None,
    agent: AgentLike | None = None,
    device: str | torch.device | None = None,
) -> Run:
    """A run as its last checkpoint holds it, finished or not; no environment is made.

    Parameters
    ----------
    folder
        The run folder.
    env
        What the result's ``env`` shall be, if it was a function and not an id.
    agent
        Needed if it was of one's own making.
    device
        Where the agents shall live; by default where the run was, or on the CPU if that is not
        here.

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged or foreign.
    ValueError
        If the device is not there.
    """
    path = Path(folder)
    about, saved = read(path)
    if saved is None:
        raise CheckpointError(f"{path} has no checkpoint yet")
    plan = plan_of(path, about, saved, env, agent)
    if device is None:
        with contextlib.suppress(ValueError):
            device = available(plan.device)
    plan = dataclasses.replace(plan, device=str(available(device or "cpu")), compile=False)
    with as_checkpoint_error(path / CHECKPOINT):
        spaces = spaces_of(about)
        stack = stack_of(plan, spaces)
        stack.load_state_dict(saved.state["training"]["agent"])
        history = History(stack.n)
        history.load_state_dict(saved.state["training"]["history"])
        return result(plan, spaces, stack, history, float(saved.state["seconds"]))


def stack_of(plan: Plan, spaces: Spaces) -> DDPG:
    """The agents of a plan, as they are before training."""
    return plan.agent(
        spaces.frames or spaces.obs_dim,
        spaces.low,
        spaces.high,
        plan.config,
        plan.seeds,
        device=plan.device,
        compile=plan.compile,
    )


def result(plan: Plan, spaces: Spaces, agent: DDPG, history: History, seconds: float) -> Run:
    """What training has reached."""
    return Run(
        env=plan.env,
        config=plan.config,
        seeds=list(plan.seeds),
        agent=agent,
        steps=np.array(history.steps),
        returns=np.stack(history.returns, axis=1),
        episodes=history.episodes,
        metrics={name: np.stack(x, axis=1) for name, x in history.metrics.items()},
        seconds=seconds,
        env_kwargs=plan.env_kwargs,
        spaces=spaces,
    )


class Session:
    """A training under way, with its clock and, where it has one, its folder.

    ``start`` is a trained stack to begin with, as for :func:`train`.

    Raises
    ------
    ValueError
        If the plan cannot be carried out, such as frames without an encoder.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder | None = None, start: DDPG | None = None
    ) -> None:
        keep_freed_memory()
        self.plan, self.folder = plan, folder
        config, device = plan.config, available(plan.device)
        env, kwargs = seen(plan.env, config, **plan.env_kwargs)
        envs = StackedEnvs(env, plan.seeds, **kwargs)
        try:
            self.spaces = envs.spaces
            if self.spaces.frames and config.encoder == "none":
                raise ValueError(
                    f"{name_of(plan.env)} gives stacked frames, which a network of vectors cannot "
                    'see: set encoder="shared" (--pixels)'
                )
            if not plan.own_agent:  # others may keep less
                require_memory(config, len(plan.seeds), self.spaces, device)
            self.agent = stack_of(plan, self.spaces)
            if start is not None:
                self.agent.load_networks(start)
        except BaseException:
            envs.close()
            raise
        evaluator = Evaluator(env, config.eval_episodes, **kwargs)
        self.training = Training(
            envs, self.agent, config, evaluator, random_warmup=not plan.warm_start
        )
        self._began = time.perf_counter()

    def create_folder(self, path: Path, checkpoint_every: int | None) -> None:
        """Give the run a new folder.

        Raises
        ------
        CheckpointError
            If it holds a run, cannot be written, or has too little space.
        ValueError
            If ``checkpoint_every`` is below 1, or the agent could not be saved and loaded.
        """
        try:
            self.folder = RunFolder.create(
                path, self.plan, checkpoint_every, self.agent, self.spaces
            )
        except BaseException:
            self.training.envs.close()
            raise

    def run(self, progress: bool, on_evaluation: OnEvaluation | None) -> Run:
        """Train to the end, show how far it is, and save what there is a folder for.

        ``on_evaluation`` is as for :func:`train`. Whatever an environment or ``on_evaluation``
        raises comes out again, after the run is saved.
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
            try:
                if training.step == 0 and self.agent.n == 1:
                    training.evaluator.reset_again()
                for evaluated in training.steps():
                    bar.update(training.step - bar.n)
                    if evaluated:
                        bar.note(training.history.returns[-1].mean())
                        if self.folder:
                            self.folder.add_evaluation(training.history, self.agent)
                        stop_here = on_evaluation(self.result()) if on_evaluation else None
                        # Comparisons of NumPy's numbers give NumPy's own True.
                        if isinstance(stop_here, bool | np.bool_) and stop_here:
                            self.save()
                            break
                    if training.step == self.plan.config.warmup_steps:
                        self._look_at_scales()
                    if self.folder and (training.step or self.plan.warm_start):
                        self._save_what_is_due(self.folder, evaluated, stop.noted)
            except Exception as error:
                self._save_after(error)
                raise
            if self.folder and training.finished and not self.folder.has_actors:
                self.folder.save_actors(self.agent)  # the run broke off while they were written
        return self.result()

    def save(self) -> None:
        """Write a checkpoint, where there is a folder."""
        if self.folder:
            self.folder.save(self.state_dict(), self.training.step)

    def _save_what_is_due(self, folder: RunFolder, evaluated: bool, stop: bool) -> None:
        step, done = self.training.step, self.training.finished
        if done:  # before the checkpoint, after which nothing is left to continue
            folder.save_actors(self.agent)
        if stop or done or folder.is_due(step, evaluated):
            self.save()
        if stop and not done:
            raise Interrupted(folder.say_saved(step))

    def _save_after(self, error: Exception) -> None:
        """Save a run that an exception ends, unless the agent broke, or in the midst of a step."""
        training = self.training
        if isinstance(error, DivergenceError):
            sound = error.by_environment
        else:
            # Actions that are selected but not taken are saved; an update cannot be cut in two.
            outside = isinstance(error, EnvironmentFailedError | InterfaceError)
            sound = outside or training.selected is None
        known = isinstance(error, CheckpointError)
        if self.folder and training.history.steps and sound and not known:
            try:
                self.save()
            except CheckpointError as another:
                print(another, file=sys.stderr)
            else:
                self.folder.say_saved(training.step)

    def _look_at_scales(self) -> None:
        """Warn of observations that networks hardly learn from, once the warm-up has seen some."""
        replay = self.agent.replay
        if self.plan.config.normalize_obs or not isinstance(replay, ReplayBuffer):
            return
        seen = replay.rows[:, : len(replay), : self.spaces.obs_dim].cpu().numpy()
        note = note_on_scales(name_of(self.training.envs.envs[0]), seen)
        if note:
            warnings.warn(note, stacklevel=3)

    def seconds(self) -> float:
        """Wall time, of all parts of a run that was continued."""
        return time.perf_counter() - self._began

    def result(self) -> Run:
        """What training has reached."""
        return result(self.plan, self.spaces, self.agent, self.training.history, self.seconds())

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
