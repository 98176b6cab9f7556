"""The training loop for a stack of agents, and the record of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ddpg_lib.config import Config, recipe
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs import EnvLike, StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.stats import bootstrap_interval, iqm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class Run:
    """What training leaves behind.

    Attributes
    ----------
    env : str or callable
        The environment trained on.
    config : Config
        The hyperparameters.
    seeds : list of int
        One an agent.
    agent : DDPG
        The stack of trained agents.
    steps : array, shape (evaluations,)
        Environment steps of each agent at each evaluation, from 0.
    returns : array, shape (n, evaluations, eval_episodes)
        Undiscounted returns of the noise-free policies, on the same starts each time.
    episodes : list of list of (int, float)
        For each agent, the step at which each training episode ended, and its return with noise.
    metrics : dict of array, shape (n, evaluations)
        ``critic_loss`` and ``q`` (mean value of the policy's actions) of the last update before
        each evaluation; NaN before the first update.
    seconds : float
        Wall time, evaluations included.
    """

    env: EnvLike
    config: Config
    seeds: list[int]
    agent: DDPG
    steps: NDArray[np.int64]
    returns: NDArray[np.float64]
    episodes: list[list[tuple[int, float]]]
    metrics: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def curves(self) -> NDArray[np.float64]:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""
        return self.returns.mean(axis=-1)

    def summary(self) -> str:
        """The final policies in a few lines: interquartile mean, interval, every agent."""
        final = self.curves[:, -1]
        lines = [f"{_name(self.env)}: {len(final)} agents, {self.steps[-1]:,} steps each"]
        if len(final) > 1:
            low, high = bootstrap_interval(final)
            lines.append(
                f"final return {iqm(final):.1f} (interquartile mean; "
                f"95% interval {low:.1f} to {high:.1f})"
            )
        lines += [f"  seed {s}: {x:.1f}" for s, x in zip(self.seeds, final, strict=True)]
        return "\n".join(lines)

    def plot(self) -> Figure:
        """The learning curves: every agent, the interquartile mean and its 95% interval."""
        from ddpg_lib.plotting import learning_curves

        return learning_curves(self)


def train(
    env: EnvLike,
    recipe: str | Config = "default",
    seeds: Sequence[int] = (0,),
    *,
    env_kwargs: dict[str, Any] | None = None,
    device: str | torch.device = "cpu",
    compile: bool = False,
    progress: bool = True,
    on_evaluation: Callable[[int, DDPG], None] | None = None,
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
    progress : bool
        Whether to show a progress bar.
    on_evaluation : callable, optional
        Called with the step and the stack at every evaluation, step 0 included.
    **changes
        Hyperparameters that differ from the recipe's.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        Before the first step, for settings or spaces that cannot work.
    """
    config = (_recipe(recipe) if isinstance(recipe, str) else recipe).replace(**changes)
    seeds = [int(seed) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be one or more different numbers, got {seeds}")
    env_kwargs = env_kwargs or {}
    envs = StackedEnvs(env, seeds, **env_kwargs)
    agent = DDPG(envs.obs_dim, envs.action_low, envs.action_high, config, seeds, device, compile)
    evaluator = Evaluator(env, len(seeds), config.eval_episodes, **env_kwargs)
    start = time.perf_counter()
    steps, returns = [0], [evaluator(agent)]
    no_update = torch.full((len(seeds),), torch.nan)
    latest = {"critic_loss": no_update, "q": no_update}
    metrics = {name: [x.cpu().numpy()] for name, x in latest.items()}
    episodes: list[list[tuple[int, float]]] = [[] for _ in seeds]
    episode_return = np.zeros(len(seeds))
    if on_evaluation:
        on_evaluation(0, agent)

    obs = envs.reset()
    bar = tqdm(range(1, config.steps + 1), disable=not progress, leave=False, ncols=80, unit="step")
    for step in bar:
        action = agent.explore(obs) if step > config.warmup_steps else agent.random()
        next_obs, reward, terminated, truncated, following = envs.step(action)
        agent.remember(obs, action, reward, next_obs, terminated)
        obs = following
        if step > config.warmup_steps:
            latest = agent.update()

        episode_return += reward
        ended = terminated | truncated
        if ended.any():
            agent.noise.reset(ended)
            for i in np.flatnonzero(ended):
                episodes[i].append((step, float(episode_return[i])))
            episode_return[ended] = 0.0

        if step % config.eval_every == 0 or step == config.steps:
            steps.append(step)
            returns.append(evaluator(agent))
            for name, values in metrics.items():
                values.append(latest[name].cpu().numpy())
            bar.set_postfix_str(f"return {returns[-1].mean():.0f}")
            if on_evaluation:
                on_evaluation(step, agent)
    envs.close()
    return Run(
        env=env,
        config=config,
        seeds=seeds,
        agent=agent,
        steps=np.array(steps),
        returns=np.stack(returns, axis=1),
        episodes=episodes,
        metrics={name: np.stack(x, axis=1).astype(float) for name, x in metrics.items()},
        seconds=time.perf_counter() - start,
    )


_recipe = recipe  # the name is also train's parameter


def _name(env: EnvLike) -> str:
    return env if isinstance(env, str) else getattr(env, "__name__", type(env).__name__)
