"""DDPG as a PyTorch Lightning system; needs the extra ``lightning``."""

from ddpg_lib.lightning.callbacks import Evaluation
from ddpg_lib.lightning.replay import ReplayDataset
from ddpg_lib.lightning.system import DDPGSystem
from ddpg_lib.lightning.trainers import fit, trainer_for

__all__ = ["DDPGSystem", "Evaluation", "ReplayDataset", "fit", "trainer_for"]
