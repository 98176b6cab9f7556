"""Where a sweep's cells run: this machine's processes, a Ray cluster, or a Dask cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import socket
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
            raise ValueError(f'a sweep on {name} needs {module}: pip install "ddpg-lib[scale]"')


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
        Of the cluster, ``host:port``: for Ray of its head, by default 127.0.0.1:6379, for Dask of
        its scheduler, by default 127.0.0.1:8786.

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


def _require_open(kind: str, address: str, how: str) -> None:
    """Refuse an address at which nothing listens, which the clients would wait for for minutes."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"address must be host:port, such as 127.0.0.1:6379; got {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError):
        raise ValueError(f"there is no {kind} cluster at {address}: begin one with {how}") from None


@contextlib.contextmanager
def _ray(address: str) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    ours = not ray.is_initialized()
    if ours:
        address = address or "127.0.0.1:6379"
        how = "`ray start --head`, and on each other machine `ray start --address=HOST:6379`"
        _require_open("Ray", address, how)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        register_ray()
        yield
    finally:
        if ours:
            ray.shutdown()


@contextlib.contextmanager
def _dask(address: str) -> Iterator[None]:
    from distributed import Client

    address = address or "127.0.0.1:8786"
    # A process a core: by default Dask runs cells as threads of one process.
    worker = "dask worker HOST:8786 --nworkers -1 --nthreads 1"
    how = f"`dask scheduler`, and on each machine `{worker}`"
    _require_open("Dask", address, how)
    client = Client(address, timeout=10)
    try:
        yield
    finally:
        client.close()
