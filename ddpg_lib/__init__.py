"""DDPG to be read and run: stacks of agents, exact optima to measure them against, and figures."""

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import DivergenceError, UnsupportedSpaceError
from ddpg_lib.envs.making import UnavailableEnvironmentError
from ddpg_lib.envs.stack import StackedEnvs
from ddpg_lib.evaluation import evaluate
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.numpy_ddpg import NumpyDDPG
from ddpg_lib.parts.frames import FrameReplay
from ddpg_lib.parts.losses import actor_loss, critic_loss, soft_update, td_target
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.parts.noise import DecayingNoise, GaussianNoise, OrnsteinUhlenbeckNoise
from ddpg_lib.parts.nstep import NStepReplay
from ddpg_lib.parts.replay import Batch, ReplayBuffer
from ddpg_lib.recipes import RECIPES, recipe
from ddpg_lib.runs.run import Run
from ddpg_lib.runs.saving import CheckpointError
from ddpg_lib.runs.session import load, resume, train

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
