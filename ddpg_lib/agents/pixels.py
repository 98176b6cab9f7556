"""DDPG from pixels: Lillicrap et al. (2016), and with one encoder as Yarats et al. (2022).

The algorithm stays as it is. What differs is what the networks look through, and a replay buffer
that keeps each frame once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG, Array
from ddpg_lib.parts.encoders import Behind, Encoder, Trunk, scaled
from ddpg_lib.parts.frames import FrameReplay, ShiftedReplay
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch
from ddpg_lib.parts.seeds import Generators


class PixelDDPG(DDPG):
    """DDPG whose actor and critic each see frames through convolutional layers of their own.

    Lillicrap et al. (2016), section 7: everything is learned end to end, each network by its own
    loss, and the targets have copies of all of it.

    Parameters
    ----------
    obs_shape
        Of an observation: frames, channels, height, width.
    action_low, action_high, config, seeds, device, compile
        As for :class:`~ddpg_lib.ddpg.DDPG`. The configuration names an ``encoder``.

    Raises
    ------
    ValueError
        If ``obs_shape`` is none of frames, or the configuration is for another agent.
    """

    KIND = "pixels"
    actor: Behind  # type: ignore[assignment]
    critic: Behind  # type: ignore[assignment]
    replay: FrameReplay  # type: ignore[assignment]

    def __init__(
        self,
        obs_shape: Sequence[int],
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        device: str | torch.device = "cpu",
        compile: bool = False,
    ) -> None:
        c = config or Config(encoder="separate")
        c.require_kind(self.KIND)
        if np.ndim(obs_shape) != 1 or len(tuple(obs_shape)) != 4:
            raise ValueError(
                "an observation must be frames of shape (frames, channels, height, width), such as "
                f"(3, 1, 64, 64); got {obs_shape!r}"
            )
        self.obs_shape = frames, *frame_shape = tuple(int(size) for size in obs_shape)
        # No room for vectors: frames are kept instead.
        size, small = math.prod(self.obs_shape), c.replace(buffer_size=1)
        super().__init__(size, action_low, action_high, small, seeds, device, compile)
        self.config = c
        kept = (c.buffer_size, frame_shape, frames, self.low.size, self.replay.rngs, self.device)
        self.replay = self.buffer(*kept, c.gamma, c.n_step)

    def buffer(self, *kept: Any) -> FrameReplay:
        """The replay buffer; ``kept`` is as for :class:`~ddpg_lib.parts.frames.FrameReplay`."""
        return FrameReplay(*kept)

    def networks(self, rngs: Generators, action_dim: int) -> tuple[Behind, Behind]:  # type: ignore[override]
        """Make the critic and the actor, each behind an encoder of its own."""
        eyes = {name: self.make_encoder(rngs[name]) for name in ("critic", "actor")}
        inputs = {name: eye.outputs for name, eye in eyes.items()}
        critic, actor = self.heads(rngs, inputs["critic"], action_dim)
        return Behind(eyes["critic"], critic), Behind(eyes["actor"], actor)

    def make_encoder(self, rngs: Sequence[np.random.Generator], gain: float = 1.0) -> Encoder:
        """An encoder as configured, with weights from ``rngs``."""
        c = self.config
        return Encoder(rngs, self.obs_shape, c.filters, c.kernels, c.strides, gain)

    def heads(self, rngs: Generators, inputs: int, action_dim: int) -> tuple[Critic, Actor]:
        """The dense layers of critic and actor, for rows of ``inputs`` numbers."""
        c = self.config
        shape = (inputs, action_dim, c.hidden, c.activation, c.final_init)
        critic = Critic(rngs["critic"], *shape, c.action_layer, c.norm("critic"))
        actor = Actor(rngs["actor"], *shape, c.norm("actor"), squash=not c.invert_gradients)
        return critic, actor

    def act(self, obs: ArrayLike) -> Array:
        """The policies' noise-free actions: ``(n, ..., *obs_shape)`` to ``(n, ..., action_dim)``.

        A stack of one agent takes a single observation ``obs_shape`` too.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        if np.shape(obs) == self.obs_shape and self.n == 1:
            return self.act(np.asarray(obs)[None])[0]
        return super().act(self.rows(obs))

    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """The critics' values, as :meth:`DDPG.q <ddpg_lib.ddpg.DDPG.q>`, of frames.

        ``obs`` is ``(n, ..., *obs_shape)``, ``action`` ``(n, ..., action_dim)`` in the
        environment's units, and the values are ``(n, ...)``.
        """
        return super().q(self.rows(obs), self.act(obs) if action is None else action)

    def rows(self, obs: ArrayLike) -> NDArray[np.float32]:
        """Observations ``(n, ..., *obs_shape)`` as rows ``(n, ..., numbers)`` for the networks.

        Raises
        ------
        ValueError
            If they are no bytes, or their shape is another.
        """
        frames = np.asarray(obs)
        if frames.dtype != np.uint8 or frames.shape[-4:] != self.obs_shape or frames.ndim < 5:
            raise ValueError(
                f"frames must be uint8 of shape ({self.n}, ..., "
                f"{', '.join(map(str, self.obs_shape))}), got {frames.dtype} of {frames.shape}"
            )
        return self._seen(frames.reshape(*frames.shape[:-4], -1))

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """As :meth:`DDPG.learn <ddpg_lib.ddpg.DDPG.learn>`, of frames in bytes."""
        obs, next_obs = scaled(batch.obs), scaled(batch.next_obs)
        return super().learn(batch._replace(obs=obs, next_obs=next_obs), move_actor)

    def _seen(self, flat: NDArray[np.uint8]) -> NDArray[np.float32]:
        return flat * np.float32(1 / 255) - np.float32(0.5)


class SharedPixelDDPG(PixelDDPG):
    """DDPG with one encoder, which the critic's loss alone trains (Yarats et al. 2022).

    The actor is given what the encoder sees and does not change it: an actor's loss would teach
    the encoder to see what makes the critic's value large. Frames of a minibatch are shifted at
    random, so that what is learned of a picture holds for its neighbors. The encoder has no target
    copy; each network compresses what it sees by a trunk of its own.

    Parameters
    ----------
    obs_shape
        Of an observation: frames, channels, height, width.
    action_low, action_high, config, seeds, device, compile
        As for :class:`~ddpg_lib.ddpg.DDPG`. The configuration's ``encoder`` is "shared".
    """

    KIND = "shared_pixels"

    def __init__(
        self,
        obs_shape: Sequence[int],
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        device: str | torch.device = "cpu",
        compile: bool = False,
    ) -> None:
        config = config or Config(encoder="shared")
        super().__init__(obs_shape, action_low, action_high, config, seeds, device, compile)
        c = self.config
        # The critic's loss moves the critic and what it looks through.
        self.critic_optimizer = StackedAdam(
            [*self.encoder.parameters(), *self.critic.parameters()],
            c.critic_lr,
            weight_decay=c.critic_weight_decay,
            max_grad_norm=c.max_grad_norm,
        )

    def networks(self, rngs: Generators, action_dim: int) -> tuple[Behind, Behind]:  # type: ignore[override]
        """Make the encoder, and the critic and the actor that look through it."""
        features = self.config.features
        # He's bounds, with which ReLU layers keep the size of what passes.
        self.encoder = self.make_encoder(rngs["critic"], gain=6**0.5).to(self.device)
        # From here on an observation is what the encoder makes of it.
        self.obs_dim = inputs = self.encoder.outputs
        trunks = [Trunk(rngs[name], inputs, features) for name in ("critic", "actor")]
        critic, actor = self.heads(rngs, features, action_dim)
        return Behind(trunks[0], critic), Behind(trunks[1], actor)

    def buffer(self, *kept: Any) -> FrameReplay:
        """The replay buffer, which shifts what it draws; ``kept`` is as for its base."""
        return ShiftedReplay(self.config.random_shift, *kept)

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """As :meth:`DDPG.learn <ddpg_lib.ddpg.DDPG.learn>`, of what the encoder sees of frames.

        Each optimizer differentiates in its own weights alone, and the encoder's are among the
        critic's: no gradient of the actor's loss reaches them.
        """
        with torch.no_grad():
            after = self.encoder(scaled(batch.next_obs))
        seen = self.encoder(scaled(batch.obs))
        return DDPG.learn(self, batch._replace(obs=seen, next_obs=after), move_actor)

    def load_networks(self, other: DDPG) -> None:
        """Take over another stack's encoder, networks and targets.

        Raises
        ------
        ValueError
            If shapes, activations or bounds differ, or the other stack has no encoder.
        """
        super().load_networks(other)
        try:
            self.encoder.load_state_dict(other.encoder.state_dict())  # type: ignore[attr-defined]
        except (AttributeError, RuntimeError) as error:
            raise ValueError(f"the other stack has another encoder: {error}") from None

    @torch.no_grad()
    def _seen(self, flat: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = torch.from_numpy(super()._seen(flat).reshape(len(flat), -1, flat.shape[-1]))
        return self.encoder(rows.to(self.device)).cpu().numpy().reshape(*flat.shape[:-1], -1)
