"""All hyperparameters in one frozen dataclass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from ddpg_lib.errors import did_you_mean
from ddpg_lib.parts.noise import NOISES

# Named where no PyTorch is needed, for the command line checks them before it imports that.
ACTIVATIONS = ("relu", "tanh", "elu", "silu")
"""Of hidden layers, by name; :mod:`ddpg_lib.parts.networks` has the functions."""
WHERE = {"none": (), "actor": ("actor",), "critic": ("critic",), "both": ("actor", "critic")}
"""The networks that a kind of normalization can be asked for."""
ENCODERS = {"none": "ddpg", "separate": "pixels", "shared": "shared_pixels"}
"""How frames are seen, by name, and the kind of agent that sees so."""
PRECISIONS = ("float32", "bfloat16")
"""In which wide layers multiply, by name."""


def _is_whole(x: Any) -> bool:
    return isinstance(x, Integral) and not isinstance(x, bool)


def _is_finite(x: Any) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool) and math.isfinite(x)


def _plain(x: Any) -> Any:
    """NumPy's numbers as Python's, which JSON can hold, and lists and arrays as tuples."""
    if isinstance(x, np.generic | np.ndarray):
        x = x.tolist()
    return tuple(map(_plain, x)) if isinstance(x, list | tuple | range) else x


# Annotation of a field -> whether a value is of its type, and that type in words.
TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "bool": (lambda x: isinstance(x, bool), "True or False"),
    "int": (_is_whole, "a whole number"),
    "float": (_is_finite, "a finite number"),
    "float | None": (lambda x: x is None or _is_finite(x), "a finite number or None"),
    "str": (lambda x: isinstance(x, str), "a name"),
    "tuple[int, ...]": (
        lambda x: isinstance(x, tuple) and all(map(_is_whole, x)),
        "whole numbers, one a layer, such as (64, 64)",
    ),
}


def require_one_of(what: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that is not among those known.

    Raises
    ------
    ValueError
        For such a name; says what it should be, and names a near one.
    """
    if name not in known:
        hint = did_you_mean(str(name), known)
        raise ValueError(f"{what} must be one of {', '.join(known)}; got {name!r}{hint}")


@dataclass(frozen=True)
class Config:
    """The hyperparameters of a run. Settings that cannot work are refused when it is made.

    Attributes
    ----------
    hidden : tuple of int
        Width of each hidden layer, of the actor and of the critic.
    activation : str
        Of the hidden layers: "relu", "tanh", "elu" or "silu".
    encoder : str
        "none" for vectors; for frames "shared", one convolutional network that the critic's loss
        alone trains (Yarats et al. 2022), or "separate", one in the actor and one in the critic
        (Lillicrap et al. 2016). An environment that gives no images is then seen as it is drawn.
    frame_size : int
        With an encoder, height and width in pixels that images are resized to.
    frame_stack : int
        With an encoder, the last frames that make an observation.
    action_repeat : int
        With an encoder, steps of the environment that an action lasts; all other numbers of steps
        count actions.
    grey : bool
        With an encoder, whether frames are without color.
    filters, kernels, strides : tuple of int
        Of the encoder's convolutional layers: filters, their side and their stride in pixels.
    features : int
        With a shared encoder, to how many numbers actor and critic each compress what it sees.
    random_shift : int
        With a shared encoder, the most pixels by which frames of a minibatch are shifted each way.
    memory : int
        Numbers that actor and critic each remember of an episode, in recurrent networks
        (:class:`~ddpg_lib.agents.recurrent.RecurrentDDPG`); 0 is DDPG, which sees the last
        observation alone.
    action_layer : int
        The critic's layer that receives the action; 0 takes it in with the observation.
    final_init : float
        Bound of the last layers' uniform initial weights.
    layer_norm, batch_norm : str
        "none", "actor", "critic" or "both": the networks whose hidden layers are normalized over
        their features, or over the minibatch as in Lillicrap et al. (2016): the observation, all
        the actor's hidden layers, and the critic's before the action.
    normalize_obs : bool
        Whether the networks see observations less their running mean, over their running
        standard deviation. Both stand still in evaluations.
    gamma : float
        Discount a step.
    n_step : int
        Rewards summed before a target bootstraps (Barth-Maron et al. 2018); 1 is DDPG.
    reward_scale : float
        Rewards are multiplied by it before they are stored, so the critic learns values of this
        scale. Returns are always reported unscaled.
    tau : float
        Fraction by which the target networks follow at each update.
    actor_lr, critic_lr : float
        Adam's step sizes.
    critic_weight_decay : float
        L2 penalty: this times the critic's weights is added to their gradient.
    max_grad_norm : float or None
        Greatest length of an agent's gradient, of the actor and of the critic.
    dqda_clipping : float or None
        Greatest length of a transition's dQ/da in the actor's step.
    invert_gradients : bool
        Whether dQ/da fades towards the action bounds (Hausknecht and Stone 2016). The actor's
        output is then linear instead of tanh, and clipped where it acts.
    policy_delay : int
        The actor and all targets move at every so many updates of the critic (Fujimoto et al.
        2018, section 5.2); 1 is DDPG.
    lr_decay : bool
        Whether both step sizes fall linearly to 0 over ``steps``.
    batch_size : int
        Transitions in a minibatch; with a memory, sequences of them.
    sequence_length : int
        With a memory, steps of a sequence to learn from.
    burn_in : int
        With a memory, steps before them that only warm it up (Kapturowski et al. 2019).
    stored_states : bool
        Whether the memory of a sequence begins with what was remembered when it was lived; if not,
        with zeros.
    buffer_size : int
        Transitions that the replay buffer keeps, for each agent.
    noise : str
        "gaussian", "ornstein_uhlenbeck" or "decaying".
    sigma : float
        The noise's scale, in units of the action range [-1, 1].
    warmup_steps : int
        Steps of uniformly random actions, and no updates, at the start.
    steps : int
        Environment steps of each agent, warm-up included; one update a step after it.
    eval_every : int
        Steps between evaluations; one follows the last step in any case.
    eval_episodes : int
        Episodes of each evaluation.
    precision : str
        "float32", or "bfloat16": matrices of at least 128 rows and columns are rounded to 16 bits
        before they are multiplied, which is faster where the processor has instructions for it.
        Weights, losses and Adam's averages keep 32 bits (Kalamkar et al. 2019).

    Raises
    ------
    ValueError
        For a value that cannot work; says which, and what it must be.
    """

    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"
    encoder: str = "none"
    frame_size: int = 64
    frame_stack: int = 3
    action_repeat: int = 1
    grey: bool = True
    filters: tuple[int, ...] = (32, 32, 32, 32)
    kernels: tuple[int, ...] = (3, 3, 3, 3)
    strides: tuple[int, ...] = (2, 1, 1, 1)
    features: int = 50
    random_shift: int = 4
    memory: int = 0
    action_layer: int = 0
    final_init: float = 3e-3
    layer_norm: str = "none"
    batch_norm: str = "none"
    normalize_obs: bool = False
    gamma: float = 0.99
    n_step: int = 1
    reward_scale: float = 1.0
    tau: float = 0.005
    actor_lr: float = 1e-3
    critic_lr: float = 1e-3
    critic_weight_decay: float = 0.0
    max_grad_norm: float | None = None
    dqda_clipping: float | None = None
    invert_gradients: bool = False
    policy_delay: int = 1
    lr_decay: bool = False
    batch_size: int = 256
    sequence_length: int = 16
    burn_in: int = 0
    stored_states: bool = True
    buffer_size: int = 1_000_000
    noise: str = "gaussian"
    sigma: float = 0.1
    warmup_steps: int = 1_000
    steps: int = 100_000
    eval_every: int = 5_000
    eval_episodes: int = 10
    precision: str = "float32"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = _plain(getattr(self, field.name))
            # A frozen dataclass can be changed in no other way.
            object.__setattr__(self, field.name, value)
            is_one, what = TYPES[str(field.type)]
            if not is_one(value):
                raise ValueError(f"{field.name} must be {what}; got {value!r}")
        require_one_of("activation", self.activation, ACTIVATIONS)
        require_one_of("noise", self.noise, NOISES)
        require_one_of("encoder", self.encoder, ENCODERS)
        require_one_of("precision", self.precision, PRECISIONS)
        require_one_of("layer_norm", self.layer_norm, WHERE)
        require_one_of("batch_norm", self.batch_norm, WHERE)
        steps = self.burn_in + self.sequence_length
        sequence = " with memory, a sequence of burn_in and sequence_length"
        both = set(WHERE[self.layer_norm]) & set(WHERE[self.batch_norm])
        rules = {
            "hidden": (len(self.hidden) > 0 and min(self.hidden) >= 1, "one or more widths >= 1"),
            **self._pixel_rules(),
            "memory": (
                self.memory == 0 or (self.memory > 0 and self.encoder == "none"),
                "at least 0, and 0 with an encoder: there is no recurrent agent for frames",
            ),
            "action_layer": (0 <= self.action_layer <= len(self.hidden), "a layer that exists"),
            "final_init": (self.final_init > 0, "positive"),
            "batch_norm": (
                not both and not (self.memory and self.batch_norm != "none"),
                "for other networks than layer_norm, and none with memory: normalize_obs=True or "
                "layer_norm do well there",
            ),
            "gamma": (0 <= self.gamma < 1, "at least 0 and below 1"),
            "reward_scale": (self.reward_scale > 0, "positive"),
            "tau": (0 < self.tau <= 1, "above 0 and at most 1"),
            "actor_lr": (self.actor_lr > 0, "positive"),
            "critic_lr": (self.critic_lr > 0, "positive"),
            "critic_weight_decay": (self.critic_weight_decay >= 0, "at least 0"),
            "max_grad_norm": (self.max_grad_norm is None or self.max_grad_norm > 0, "positive"),
            "dqda_clipping": (self.dqda_clipping is None or self.dqda_clipping > 0, "positive"),
            "policy_delay": (self.policy_delay >= 1, "at least 1"),
            "batch_size": (
                self.batch_size >= 1 + (self.batch_norm != "none"),
                "at least 1, and 2 with batch_norm, which needs a variance",
            ),
            "sequence_length": (self.sequence_length >= 1, "at least 1"),
            "burn_in": (
                self.burn_in == 0 or (self.burn_in > 0 and self.memory > 0),
                "at least 0, and 0 without memory, which is what it warms up",
            ),
            "stored_states": (
                self.stored_states or self.memory > 0,
                "True without memory, which is what is stored",
            ),
            "buffer_size": (
                self.buffer_size >= (steps if self.memory else 1),
                f"at least {steps}{sequence}" if self.memory else "at least 1",
            ),
            "sigma": (self.sigma >= 0, "at least 0"),
            "warmup_steps": (
                self.warmup_steps >= (steps if self.memory else 1),
                f"at least {steps}{sequence}"
                if self.memory
                else "at least 1, to fill the replay buffer",
            ),
            "n_step": (
                1 <= self.n_step <= (1 if self.memory else self.warmup_steps),
                "1 with memory" if self.memory else "between 1 and warmup_steps",
            ),
            "steps": (self.steps > self.warmup_steps, "more than warmup_steps, or nothing learns"),
            "eval_every": (1 <= self.eval_every <= self.steps, "between 1 and steps"),
            "eval_episodes": (self.eval_episodes >= 1, "at least 1"),
        }
        for name, (holds, needed) in rules.items():
            if not holds:
                raise ValueError(f"{name} must be {needed}; got {getattr(self, name)!r}")

    def _pixel_rules(self) -> dict[str, tuple[bool, str]]:
        """What must hold of the settings for frames, as in ``__post_init__``."""
        layers = (self.filters, self.kernels, self.strides)
        alike = len(set(map(len, layers))) == 1 and len(self.filters) > 0
        positive = alike and min(map(min, layers)) >= 1
        side = self.frame_size
        for kernel, stride in zip(self.kernels, self.strides, strict=False) if positive else ():
            side = (side - kernel) // stride + 1 if side >= kernel else 0
        none = self.encoder == "none"
        return {
            "frame_size": (self.frame_size >= 1, "at least 1"),
            "frame_stack": (self.frame_stack >= 1, "at least 1"),
            "action_repeat": (
                self.action_repeat >= 1 and (none is False or self.action_repeat == 1),
                "at least 1, and 1 without an encoder: wrap in gymnasium.wrappers.RepeatAction",
            ),
            "filters": (positive, "as many as kernels and as strides, all at least 1"),
            "kernels": (
                none or side >= 1,
                f"small enough that something is left of {self.frame_size} pixels",
            ),
            "features": (self.features >= 1, "at least 1"),
            "random_shift": (self.random_shift >= 0, "at least 0"),
            "normalize_obs": (
                none or not self.normalize_obs,
                "False with an encoder: pixels all have one scale",
            ),
        }

    @property
    def kind(self) -> str:
        """Which agent these are for: a key of :data:`ddpg_lib.agents.kinds.KINDS`."""
        return "recurrent" if self.memory else ENCODERS[self.encoder]

    def require_kind(self, kind: str) -> None:
        """Refuse another agent's settings, of which this ``kind`` would take no notice.

        Raises
        ------
        ValueError
            With what to change.
        """
        if self.kind != kind:
            setting = "memory" if self.memory or kind == "recurrent" else "encoder"
            raise ValueError(
                f"{setting} is {getattr(self, setting)}, which is for a {self.kind} agent, not a "
                f"{kind} one: use the class that ddpg_lib.agents.kinds.agent_of(config) gives, or "
                f"change {setting}"
            )

    def norm(self, network: str) -> str:
        """The normalization in a network, "actor" or "critic": "layer", "batch" or "none"."""
        kinds = {"layer": self.layer_norm, "batch": self.batch_norm}
        return next((kind for kind, where in kinds.items() if network in WHERE[where]), "none")

    def eval_every_within(self, steps: int) -> int:
        """``eval_every``, or ``steps`` where that is less: a short run is evaluated at its end."""
        return max(min(self.eval_every, steps), 1)  # steps below 1 are refused for themselves

    def replace(self, **changes: Any) -> Config:
        """A copy with ``changes`` to the named fields.

        Where ``steps`` is among them and ``eval_every`` is not, the latter becomes
        :meth:`eval_every_within` these steps.

        Raises
        ------
        ValueError
            For an unknown field, naming near ones, or an impossible value.
        """
        for name in changes:
            require_one_of("a hyperparameter", name, self.__dataclass_fields__)
        if _is_whole(changes.get("steps")) and "eval_every" not in changes:
            changes["eval_every"] = self.eval_every_within(changes["steps"])
        return replace(self, **changes)
