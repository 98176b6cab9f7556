"""DDPG to be read and run: stacks of agents, exact optima to measure them against, and figures."""

from ddpg_lib.checkpoint import CheckpointError
from ddpg_lib.config import RECIPES, Config, recipe
from ddpg_lib.ddpg import DDPG
from ddpg_lib.divergence import DivergenceError
from ddpg_lib.envs import StackedEnvs, UnavailableEnvironmentError, UnsupportedSpaceError
from ddpg_lib.evaluation import evaluate
from ddpg_lib.frames import FrameReplay
from ddpg_lib.losses import actor_loss, critic_loss, soft_update, td_target
from ddpg_lib.networks import Actor, Critic
from ddpg_lib.noise import DecayingNoise, GaussianNoise, OrnsteinUhlenbeckNoise
from ddpg_lib.nstep import NStepReplay
from ddpg_lib.numpy_ddpg import NumpyDDPG
from ddpg_lib.records import Run
from ddpg_lib.replay import Batch, ReplayBuffer
from ddpg_lib.stats import bootstrap_interval, iqm
from ddpg_lib.training import load, resume, train

__version__ = "0.1.0"

__all__ = [
    "DDPG",
    "RECIPES",
    "Actor",
    "Batch",
    "CheckpointError",
    "Config",
    "Critic",
    "DecayingNoise",
    "DivergenceError",
    "FrameReplay",
    "GaussianNoise",
    "NStepReplay",
    "NumpyDDPG",
    "OrnsteinUhlenbeckNoise",
    "ReplayBuffer",
    "Run",
    "StackedEnvs",
    "UnavailableEnvironmentError",
    "UnsupportedSpaceError",
    "actor_loss",
    "bootstrap_interval",
    "critic_loss",
    "evaluate",
    "iqm",
    "load",
    "recipe",
    "resume",
    "soft_update",
    "td_target",
    "train",
]
