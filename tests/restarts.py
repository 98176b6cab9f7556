"""Runs a training run in processes of its own, so that a test can kill them.

Importing torch takes seconds, so one process imports it and forks a child for each life of a run.
It reads one line of JSON a life, says the child's process id, and then how the child ended.
"""

import json
import os
import sys
import warnings


def live(folder: str, environment: str, seeds: list[int], changes: dict) -> None:
    """Begin the run, or go on with it."""
    from pathlib import Path

    from ddpg_lib import Config, resume, train

    if (Path(folder) / "config.json").exists():
        resume(folder, progress=False)
    else:
        train(
            environment,
            Config(hidden=(8, 8), noise="ornstein_uhlenbeck", lr_decay=True, **changes),
            seeds,
            folder=folder,
            checkpoint_every=25,
            progress=False,
        )


def main() -> None:
    import torch.utils.tensorboard  # noqa: F401  (imported once, before the forks)

    import ddpg_lib.runs.session  # noqa: F401

    warnings.simplefilter("error")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                live(**json.loads(line))
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
