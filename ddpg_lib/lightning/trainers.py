"""Trainers set up for a system: as long as its recipe says, with loggers and callbacks."""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from ddpg_lib.lightning.callbacks import Evaluation
from ddpg_lib.lightning.system import DDPGSystem
from ddpg_lib.runs.run import Run

# True of fixed data sets: more workers would act with copies whose weights never change, and the
# length of this one is right, as no worker divides it.
MISLEADING = (".*does not have many workers.*", ".*Your `IterableDataset` has `__len__` defined.*")


LAST = Path("checkpoints/last.ckpt")
"""Where in its folder a trainer of :func:`trainer_for` keeps the last state."""


def fit(folder: str | Path, system: DDPGSystem | None = None, device: str = "cpu") -> Run:
    """Train a system in a folder, or go on with the one that the folder holds.

    Parameters
    ----------
    folder
        As for :func:`trainer_for`.
    system
        A new one. Without it, the last checkpoint's goes on to the end of its recipe.
    device
        Where the networks live: ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    FileExistsError
        If the folder holds a run already, and the system is a new one.
    FileNotFoundError
        If it holds none, and there is no new one.
    """
    last = Path(folder) / LAST
    if system is not None and last.exists():
        raise FileExistsError(f"{folder} holds a run already: choose another folder")
    if system is None and not last.exists():
        raise FileNotFoundError(f"{folder} holds no run of a Lightning system")
    checkpoint = None if system else last
    system = system or DDPGSystem.load_from_checkpoint(last)
    try:
        trainer = trainer_for(system, folder, accelerator="gpu" if device == "cuda" else device)
        trainer.fit(system, ckpt_path=checkpoint)
        return system.result()
    finally:
        system.close()


def trainer_for(
    system: DDPGSystem,
    folder: str | Path | None = None,
    *,
    patience: int | None = None,
    good_enough: float | None = None,
    callbacks: Sequence[Callback] = (),
    **kwargs: Any,
) -> Trainer:
    """A trainer for ``trainer.fit(system)``.

    Parameters
    ----------
    system
        What will be trained: an epoch is the steps between two of its evaluations.
    folder
        For ``metrics.csv``, TensorBoard's events where that is installed, and ``checkpoints``:
        the last one and the one with the highest mean return. Without it nothing is written.
    patience
        Evaluations without a higher mean return after which training ends.
    good_enough
        Mean return at which training ends.
    callbacks
        Further ones.
    **kwargs
        For ``lightning.pytorch.Trainer``, such as ``accelerator="gpu"``; by default the CPU, and
        neither a progress bar nor a summary of the networks.

    Raises
    ------
    ValueError
        If ``patience`` is below 1.
    """
    if patience is not None and patience < 1:
        raise ValueError(f"patience must be at least 1 evaluation, got {patience}")
    for text in MISLEADING:
        warnings.filterwarnings("ignore", text)
    c = system.config
    used: list[Callback] = [Evaluation(), *callbacks]
    if patience is not None or good_enough is not None:
        # Without patience of its own it waits for good_enough alone, as long as there are epochs.
        wait = patience or math.ceil(c.steps / c.eval_every) + 1
        used.append(
            EarlyStopping("return", mode="max", patience=wait, stopping_threshold=good_enough)
        )
    loggers: list[Logger] = []
    if folder is not None:
        used.append(
            ModelCheckpoint(
                Path(folder) / "checkpoints",
                filename="best",
                monitor="return",
                mode="max",
                save_last=True,
                enable_version_counter=False,
            )
        )
        loggers.append(CSVLogger(str(folder), name="", version=""))
        if importlib.util.find_spec("tensorboard"):
            loggers.append(TensorBoardLogger(str(folder), name="", version=""))
    settings = {
        "max_epochs": math.ceil(c.steps / c.eval_every),
        "accelerator": "cpu",
        "devices": 1,
        "logger": loggers,
        "enable_checkpointing": folder is not None,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": min(50, c.eval_every),
        **kwargs,
    }
    return Trainer(callbacks=used, **settings)
