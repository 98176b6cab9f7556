"""DDPG as a PyTorch Lightning system; needs the extra ``lightning``."""

import importlib.util

if importlib.util.find_spec("lightning") is None:
    raise ModuleNotFoundError(
        'the Lightning system needs the extra lightning: pip install "ddpg-lib[lightning]"',
        name="lightning",
    )

from ddpg_lib.lightning.callbacks import Evaluation
from ddpg_lib.lightning.replay import ReplayDataset
from ddpg_lib.lightning.system import DDPGSystem
from ddpg_lib.lightning.trainers import fit, trainer_for

__all__ = ["DDPGSystem", "Evaluation", "ReplayDataset", "fit", "trainer_for"]
