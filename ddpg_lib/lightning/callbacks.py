"""What a trainer does between epochs."""

from __future__ import annotations

from lightning.pytorch import Callback, LightningModule, Trainer

from ddpg_lib.lightning.system import DDPGSystem


class Evaluation(Callback):
    """Noise-free episodes before the first and after each epoch, from the same starts each time.

    The mean over agents is logged as ``return``, for early stopping and checkpoints to watch, and
    each agent's as ``return/seed N``. The curves gather in ``system.loop.history``. What loggers
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
        system.log_dict({**_returns(system), "step": step}, batch_size=1)


def _returns(system: DDPGSystem) -> dict[str, float]:
    means = system.loop.history.returns[-1].mean(axis=-1)
    each = zip(system.loop.envs.seeds, means.tolist(), strict=True)
    return {"return": float(means.mean())} | {f"return/seed {seed}": x for seed, x in each}


def _system(module: LightningModule) -> DDPGSystem:
    if not isinstance(module, DDPGSystem):
        raise TypeError(f"Evaluation is for a DDPGSystem, not for a {type(module).__name__}")
    return module
