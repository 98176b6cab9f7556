# What `from ddpg_lib import ...` finds, and where; __init__.py reads it, and so do type checkers.

from .agents.pixels import PixelDDPG, SharedPixelDDPG
from .agents.recurrent import RecurrentDDPG
from .config import Config
from .ddpg import DDPG
from .deploy.agents import load_agent, save_agent
from .deploy.numpy_policy import load_policy
from .deploy.onnx_policy import save_onnx
from .deploy.policy import save_policy
from .envs.border import (
    DivergenceError,
    EnvironmentFailedError,
    InterfaceError,
    UnsupportedSpaceError,
)
from .envs.making import UnavailableEnvironmentError
from .envs.stack import StackedEnvs
from .evaluation import evaluate
from .maths.stats import bootstrap_interval, iqm
from .numpy_ddpg import NumpyDDPG
from .parts.frames import FrameReplay
from .parts.losses import actor_loss, critic_loss, soft_update, td_target
from .parts.networks import Actor, Critic
from .parts.noise import DecayingNoise, GaussianNoise, OrnsteinUhlenbeckNoise
from .parts.nstep import NStepReplay
from .parts.replay import Batch, ReplayBuffer
from .recipes import RECIPES, recipe
from .runs.run import Run
from .runs.saving import CheckpointError
from .runs.session import extend, load, resume, train

__version__: str

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
    "EnvironmentFailedError",
    "FrameReplay",
    "GaussianNoise",
    "InterfaceError",
    "NStepReplay",
    "NumpyDDPG",
    "OrnsteinUhlenbeckNoise",
    "PixelDDPG",
    "RecurrentDDPG",
    "ReplayBuffer",
    "Run",
    "SharedPixelDDPG",
    "StackedEnvs",
    "UnavailableEnvironmentError",
    "UnsupportedSpaceError",
    "actor_loss",
    "bootstrap_interval",
    "critic_loss",
    "evaluate",
    "extend",
    "iqm",
    "load",
    "load_agent",
    "load_policy",
    "recipe",
    "resume",
    "save_agent",
    "save_onnx",
    "save_policy",
    "soft_update",
    "td_target",
    "train",
]
