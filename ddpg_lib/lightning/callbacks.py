"""What a trainer does between epochs."""

from __future__ import annotations

import numpy as np

try:  # here, in the first module that the package imports
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'the Lightning system needs the extra lightning: pip install "ddpg-lib[lightning]"'
    ) from error

from ddpg_lib.lightning.system import DDPGSystem
from ddpg_lib.runs.quantities import quantities


class Evaluation(Callback):
    """Noise-free episodes before the first and after each epoch, from the same starts each time.

    The mean over agents is logged as ``return``, for early stopping and checkpoints to watch, and
    each agent's as ``return/seed N``. After updates the means of the agents'
    :func:`~ddpg_lib.runs.quantities.quantities` stand beside them, as ``inside/critic lag``. The
    curves gather in ``system.loop.history``. What loggers
    get is counted in steps of each agent, as everywhere in this library.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Evaluate the untrained policies."""
        system = _system(pl_module)
        if not system.loop.history.steps:
            if system.agent.n == 1:  # or another agent shows whether starts repeat
                system.loop.evaluator.reset_again()
            system.loop.evaluate()
            for logger in trainer.loggers:
                logger.log_metrics(_returns(system), step=0)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Evaluate the policies as they are."""
        system = _system(pl_module)
        if system.loop.due:
            system.loop.evaluate()
        # Without "step", Lightning counts batches from 0.
        step = float(system.loop.step)
        found = {**_returns(system), **_inside(system), "step": step}
        system.log_dict(found, batch_size=1)


def _returns(system: DDPGSystem) -> dict[str, float]:
    means = system.loop.history.returns[-1].mean(axis=-1)
    each = zip(system.loop.envs.seeds, means.tolist(), strict=True)
    return {"return": float(means.mean())} | {f"return/seed {seed}": x for seed, x in each}


def _inside(system: DDPGSystem) -> dict[str, float]:
    found = quantities(system.agent).items()
    return {f"inside/{name}": float(x.mean()) for name, x in found if np.isfinite(x).all()}


def _system(module: LightningModule) -> DDPGSystem:
    if not isinstance(module, DDPGSystem):
        raise TypeError(f"Evaluation is for a DDPGSystem, not for a {type(module).__name__}")
    return module
