"""A new world before the first long run: rulers, its scales, and what they suggest.

A ruler is a strategy that needs no learning. Its return says what a learning curve has to beat,
and the length of its episodes by which lazy habit an agent may have got there.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import name_of, note_on_scales
from ddpg_lib.envs.making import EnvLike, close_all, make, make_many
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.evaluation import Policy, rollout
from ddpg_lib.figures.tables import Table
from ddpg_lib.parts.noise import GaussianNoise, Noise, OrnsteinUhlenbeckNoise
from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.inside import look_inside
from ddpg_lib.runs.session import train

Array = NDArray[np.float64]
SCOUT_SEED = 4_000_000  # starts of no training and of no evaluation
CORNERS = 3  # action components up to which each is tried alone
SHARE = 0.1  # of a recipe's steps that scouts train for
SPREAD = 0.5  # standard deviation of both noises that are compared, of half the action range
USUAL = 100.0  # size of values that the networks learn well
SATURATED, TOO_HIGH = 0.5, 1.3


@dataclasses.dataclass(frozen=True)
class Played:
    """Episodes that a strategy has played.

    Attributes
    ----------
    returns, lengths : array, shape (episodes,)
        Undiscounted returns, and steps.
    terminated : array of bool, shape (episodes,)
        Whether an episode reached an end of the task's own; if not, the time limit.
    before : array
        Rewards of all steps but the episodes' last.
    last : array, shape (episodes,)
        The reward of each episode's last step.
    obs : array, shape (steps, obs_dim)
        What was observed before each of them.
    """

    returns: Array
    lengths: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    before: Array
    last: Array
    obs: Array


@dataclasses.dataclass(frozen=True)
class Choice:
    """A hyperparameter that a world suggests.

    Attributes
    ----------
    field : str
        Its name.
    value : object
        What is suggested.
    why : str
        The reason in words.
    """

    field: str
    value: Any
    why: str


@dataclasses.dataclass(frozen=True)
class Scouting:
    """What :func:`scout` found out.

    Attributes
    ----------
    env : str
        The environment's name.
    spaces : Spaces
        Of its observations and actions.
    rulers : dict of Played
        By strategy.
    choices : list of Choice
        What the rulers suggest.
    scouts : dict of array, shape (n,)
        Of agents trained for a tenth of the recipe: ``return``, ``length``, ``ended`` (share of
        episodes that terminated), ``saturated``, ``critic`` and ``monte_carlo`` as
        :func:`~ddpg_lib.results.inside.look_inside` says. Empty where none were trained.
    steps : int
        Steps for which those were trained.
    """

    env: str
    spaces: Spaces
    rulers: dict[str, Played]
    choices: list[Choice]
    scouts: dict[str, Array] = dataclasses.field(default_factory=dict)
    steps: int = 0

    @property
    def config(self) -> Config:
        """The default recipe with what was chosen."""
        return RECIPES["default"].replace(**{x.field: x.value for x in self.choices})

    def rulers_table(self) -> Table:
        """Return, length and ending of each strategy's episodes."""
        rows = {}
        for name, x in self.rulers.items():
            returns, own = x.returns, 100 * x.terminated.mean()
            rows[name] = (returns.mean(), returns.min(), returns.max(), x.lengths.mean(), own)
        columns = {"return": ".1f", "lowest": ".1f", "highest": ".1f", "steps": ".0f"}
        return Table(rows, columns | {"ended by itself, %": ".0f"}, "strategy")

    def scales_table(self) -> Table:
        """Of each component of the observation, where random actions take it."""
        obs = self.rulers["random"].obs
        rows = {
            k: (x.mean(), x.std(), x.min(), x.max(), len(np.unique(x))) for k, x in enumerate(obs.T)
        }
        return Table(
            rows,
            {"mean": ".2f", "std": ".2f", "lowest": ".2f", "highest": ".2f", "values": "d"},
            "component",
        )

    def choices_table(self) -> Table:
        """What is suggested, and why."""
        return Table({x.field: (x.value, x.why) for x in self.choices}, {"value": "", "why": ""})

    def scouts_table(self) -> Table:
        """What each of the trained agents does."""
        names = {
            "return": ".1f",
            "length": ".0f",
            "ended": ".2f",
            "saturated": ".2f",
            "critic": ".1f",
            "monte_carlo": ".1f",
        }
        rows = zip(*(self.scouts[name] for name in names), strict=True)
        return Table(dict(enumerate(rows)), names, "agent")

    def findings(self) -> list[str]:
        """What a look at the trained agents shows, a sentence each."""
        if not self.scouts:
            return []
        x, best = self.scouts, max(self.rulers, key=lambda name: self.rulers[name].returns.mean())
        ruler = self.rulers[best]
        above = int((x["return"] > ruler.returns.max()).sum())
        n = len(x["return"])
        found = [f"{above} of {n} agents beat the best episode of the best ruler ({best})"]
        lazy = [
            name
            for name, y in self.rulers.items()
            if abs(np.median(x["return"]) - y.returns.mean()) < y.returns.std() + 1e-9
            and abs(np.median(x["length"]) - y.lengths.mean()) < y.lengths.std() + 1
        ]
        if lazy:
            found.append(
                f"return and length are those of the strategy {lazy[0]}: a plateau with a name"
            )
        if (many := int((x["saturated"] > SATURATED).sum())) > 0:
            found.append(
                f"{many} of {n} agents act at a bound in more than half of what they do: smaller "
                "actor_lr, smaller reward_scale, or a longer warm-up"
            )
        high = (x["critic"] - x["monte_carlo"]) > (TOO_HIGH - 1) * np.abs(x["monte_carlo"])
        if high.any():
            found.append(
                f"{int(high.sum())} of {n} critics lie above what follows by more than 0.3 of it: "
                'larger n_step, or layer_norm="critic"'
            )
        return found

    def report(self) -> str:
        """All of it as text."""
        s = self.spaces
        bounds = ", ".join(
            f"{a:g} to {b:g}" for a, b in zip(s.action_low, s.action_high, strict=True)
        )
        parts = [
            f"{self.env}: {s.obs_dim} numbers observed, {len(s.action_low)} chosen ({bounds})",
            f"Rulers\n{self.rulers_table()}",
            f"Scales under random actions\n{self.scales_table()}",
            f"Suggested beside the default recipe\n{self.choices_table()}",
        ]
        if self.scouts:
            found = "\n".join(f"- {sentence}" for sentence in self.findings())
            parts.append(f"Scouts, {self.steps:,} steps each\n{self.scouts_table()}\n{found}")
        return "\n\n".join(parts)


def scout(
    env: str,
    steps: int = 100_000,
    seeds: Sequence[int] = range(100, 108),
    episodes: int = 20,
    progress: bool = True,
    scouts: bool = True,
    **kwargs: Any,
) -> Scouting:
    """Measure a world with strategies that need no learning, then with briefly trained agents.

    Parameters
    ----------
    env
        A Gymnasium id.
    steps
        Of the run that is planned: scouts train for a tenth of it.
    seeds
        Of the scouts.
    episodes
        Of each ruler.
    progress
        Whether to show how far training is.
    scouts
        Whether to train any.
    **kwargs
        For ``gymnasium.make``.

    Raises
    ------
    ValueError
        If ``episodes`` is not positive, or a tenth of ``steps`` is less than 1,000.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    if steps * SHARE < 1_000:
        raise ValueError(
            f"steps must be at least 10,000, of which scouts take a tenth; got {steps}"
        )
    made = make(env, **kwargs)
    spaces, limit = Spaces.of(made), made.spec.max_episode_steps if made.spec else None
    made.close()
    low, high = (np.array(x) for x in (spaces.action_low, spaces.action_high))
    rulers = {
        name: play_episodes(policy, env, episodes, **kwargs)
        for name, policy in strategies(low, high)
    }
    reached = reach(env, low, high, episodes, **kwargs)
    choices = list(_choices(rulers, reached, limit, steps))
    scouting = Scouting(name_of(env), spaces, rulers, choices)
    if not scouts:
        return scouting
    short = int(steps * SHARE)
    warmup = min(scouting.config.warmup_steps, short // 4)
    changes = {"steps": short, "eval_every": short, "eval_episodes": 5, "warmup_steps": warmup}
    config = scouting.config.replace(**changes)
    run = train(env, config, seeds, env_kwargs=kwargs or None, progress=progress)
    return dataclasses.replace(
        scouting, scouts=_looked(run.agent, env, episodes, kwargs), steps=short
    )


def strategies(low: Array, high: Array) -> Iterator[tuple[str, Policy]]:
    """Strategies that need no learning, for actions between ``low`` and ``high``, by name.

    Uniformly random actions; the action nearest to zero; and, of up to three components, each at
    its bounds while the others rest.
    """
    rng = np.random.default_rng(SCOUT_SEED)
    rest = np.clip(np.zeros_like(low), low, high)

    def steady(action: Array) -> Policy:
        return lambda obs: np.broadcast_to(action, (*obs.shape[:2], len(action)))

    yield "random", lambda obs: rng.uniform(low, high, (*obs.shape[:2], len(low)))
    yield "nothing", steady(rest)
    if len(low) <= CORNERS:
        for k in range(len(low)):
            for bound, word in ((low, "lowest"), (high, "highest")):
                if bound[k] != rest[k]:
                    action = rest.copy()
                    action[k] = bound[k]
                    yield f"action {k} {word}" if len(low) > 1 else f"{word} action", steady(action)


def play_episodes(policy: Policy, env: EnvLike, episodes: int, **kwargs: Any) -> Played:
    """Episodes of a strategy, side by side, from ``reset(seed=SCOUT_SEED)`` on.

    ``kwargs`` are for ``gymnasium.make``.
    """
    envs = make_many(env, episodes, **kwargs)
    try:
        steps = list(rollout(policy, [envs], range(SCOUT_SEED, SCOUT_SEED + episodes)))
    finally:
        close_all(envs)
    alive = np.stack([x.running[0] for x in steps], axis=1)
    reward = np.stack([x.reward[0] for x in steps], axis=1)
    obs = np.stack([x.obs[0] for x in steps], axis=1)
    lengths = alive.sum(axis=1)
    return Played(
        returns=reward.sum(axis=1),
        lengths=lengths,
        terminated=np.any([x.terminated[0] for x in steps], axis=0),
        before=reward[np.arange(reward.shape[1]) < lengths[:, None] - 1],
        last=reward[np.arange(episodes), lengths - 1],
        obs=obs[alive].astype(float),
    )


def reach(env: EnvLike, low: Array, high: Array, episodes: int, **kwargs: Any) -> dict[str, float]:
    """How far noise around the action nearest to zero takes the observation, by the noise's name.

    Both noises have the same spread, ``SPREAD`` of half the range from ``low`` to ``high``.
    Returned is, by noise, the median over components of an observation's standard deviation,
    relative to that under white noise. ``kwargs`` are for ``gymnasium.make``.
    """
    rest = np.clip(np.zeros_like(low), low, high)
    rngs = [[np.random.default_rng([SCOUT_SEED, k]) for k in range(episodes)] for _ in range(2)]
    theta = 0.15
    diffusion = SPREAD * math.sqrt(2 * theta - theta**2)
    noises: dict[str, Noise] = {
        "gaussian": GaussianNoise(rngs[0], len(low), SPREAD),
        "ornstein_uhlenbeck": OrnsteinUhlenbeckNoise(rngs[1], len(low), diffusion, theta),
    }
    spreads = {}
    for name, noise in noises.items():

        def policy(obs: Array, noise: Noise = noise) -> Array:
            return np.clip(rest + noise.sample()[None] * (high - low) / 2, low, high)

        spreads[name] = play_episodes(policy, env, episodes, **kwargs).obs.std(axis=0)
    usual = np.maximum(spreads["gaussian"], 1e-9)
    return {name: float(np.median(x / usual)) for name, x in spreads.items()}


def _choices(
    rulers: dict[str, Played], reached: dict[str, float], limit: int | None, steps: int
) -> Iterator[Choice]:
    gamma = 0.99
    if limit is not None and limit < 250:
        horizon = max(limit / 2.5, 10)
        gamma = round(1 - 1 / horizon, 3)
        yield Choice(
            "gamma", gamma, f"rewards {horizon:.0f} steps ahead count a third, of {limit} in all"
        )
    ends = np.concatenate([x.last[x.terminated] for x in rulers.values()])
    usual = float(np.quantile(np.abs(np.concatenate([x.before for x in rulers.values()])), 0.99))
    size = usual / (1 - gamma)
    scale = 10.0 ** round(math.log10(USUAL / size)) if size > 0 else 1.0
    yield Choice("reward_scale", min(scale, 1.0), f"values may be of size {size:,.0f}")
    if len(ends) and np.median(np.abs(ends)) > 5 * usual:
        yield Choice(
            "n_step",
            5,
            f"an ending is worth {np.median(ends):.0f}, a step at most {usual:.1f}: five rewards "
            "at a time carry it back sooner",
        )
    if complaint := note_on_scales("", rulers["random"].obs):
        sizes = complaint.partition("(")[2].partition(")")[0]
        yield Choice("normalize_obs", True, f"observations differ in size: {sizes}")
    ratio = reached["ornstein_uhlenbeck"]
    if ratio > 1.5:
        yield Choice(
            "noise",
            "ornstein_uhlenbeck",
            f"of the same spread it takes the observation {ratio:.1f} times as far as white noise",
        )
        yield Choice("sigma", 0.3, "whose standard deviation is then 0.55")
    warmup = int(np.clip(10 * rulers["random"].lengths.mean(), 1_000, steps / 10))
    yield Choice("warmup_steps", warmup, "ten random episodes, at most a tenth of the run")
    yield Choice("buffer_size", steps, "all of the run")
    yield Choice("steps", steps, "as asked for")


def _looked(agent: DDPG, env: str, episodes: int, kwargs: dict[str, Any]) -> dict[str, Array]:
    envs = [make_many(env, episodes, **kwargs) for _ in range(agent.n)]
    returns, lengths = np.zeros((2, agent.n, episodes))
    ended = np.zeros((agent.n, episodes), bool)
    try:
        for step in rollout(agent.player().act, envs, range(SCOUT_SEED, SCOUT_SEED + episodes)):
            returns += step.reward
            lengths += step.running
            ended |= step.terminated
    finally:
        for row in envs:
            close_all(row)
    inside = look_inside(agent, env, **kwargs)
    return {
        "return": returns.mean(axis=1),
        "length": lengths.mean(axis=1),
        "ended": ended.mean(axis=1),
        **{name: inside[name] for name in ("saturated", "critic", "monte_carlo")},
    }
