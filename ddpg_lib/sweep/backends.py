"""Where a sweep's cells run: this machine's processes, a Ray cluster, or a Dask cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from collections.abc import Iterator

from ddpg_lib.config import require_one_of
from ddpg_lib.sweep.running import ATTEMPTS

BACKENDS = {"local": "joblib", "ray": "ray", "dask": "distributed"}
"""By name, the module that a backend needs."""


def require_backend(name: str, jobs: int) -> None:
    """Refuse an unknown backend, one that is not installed, and no jobs, before anything starts.

    Raises
    ------
    ValueError
        With what to change or to install.
    """
    require_one_of("backend", name, BACKENDS)
    if jobs == 0 or jobs < -1:
        raise ValueError(f"jobs must be at least 1, or -1 for one a core; got {jobs}")
    for module in ("joblib", BACKENDS[name]):
        if importlib.util.find_spec(module) is None:
            package = '"dask[distributed]"' if module == "distributed" else '"ddpg-lib[scale]"'
            raise ValueError(f"a sweep on {name} needs {module}: pip install {package}")


@contextlib.contextmanager
def backend(name: str = "local", jobs: int = -1, address: str = "") -> Iterator[None]:
    """Let joblib run things elsewhere while the ``with`` statement lasts.

    Parameters
    ----------
    name
        "local" for processes of this machine, "ray" or "dask" for a cluster that is there.
    jobs
        Cells at work at once; -1 is one a core, of the machine or of the whole cluster.
    address
        Of the cluster: for Ray ``host:port``, by default the one of this machine; for Dask
        ``tcp://host:port`` of its scheduler.

    Raises
    ------
    ValueError
        If the backend is unknown or not installed, or its cluster is not there.
    """
    require_backend(name, jobs)
    import joblib

    if name == "local":
        with joblib.parallel_config("loky", n_jobs=jobs):
            yield
    elif name == "ray":
        with _ray(address), joblib.parallel_config("ray", n_jobs=jobs, ray_remote_args=_REMOTE):
            yield
    else:
        with _dask(address), joblib.parallel_config("dask", n_jobs=jobs):
            yield


# Ray starts a lost worker anew, on whichever node has room, and hands it its cell again.
_REMOTE = {"max_restarts": -1, "max_task_retries": ATTEMPTS, "num_cpus": 1}


@contextlib.contextmanager
def _ray(address: str) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(address=address or "auto", log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"at {address}" if address else "on this machine"
            raise ValueError(
                f"there is no Ray cluster {where}: begin one with `ray start --head`, and on other "
                "machines `ray start --address=HOST:6379`"
            ) from error
    try:
        register_ray()
        yield
    finally:
        if ours:
            ray.shutdown()


@contextlib.contextmanager
def _dask(address: str) -> Iterator[None]:
    from distributed import Client

    if not address:
        raise ValueError("Dask needs the address of its scheduler, such as tcp://host:8786")
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise ValueError(
            f"there is no Dask cluster at {address}: begin one with `dask scheduler`, and on each "
            f"machine `dask worker {address}`"
        ) from error
    try:
        yield
    finally:
        client.close()
