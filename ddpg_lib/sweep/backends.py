"""Where a sweep's cells run: this machine's processes, a Ray cluster, or a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ddpg_lib.config import require_one_of
from ddpg_lib.sweep.running import ATTEMPTS

BACKENDS = {"local": "joblib", "ray": "ray", "dask": "distributed"}
"""By name, the module that a backend needs."""
PATIENCE = 10.0  # seconds until whoever listens at a cluster's address must have answered


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
        If the backend is unknown or not installed, or its cluster is not there or has no worker.
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


# The clients wait for minutes where nothing listens, or where something else does.
def _open(kind: str, address: str, how: str) -> socket.socket:
    """Connect to an address; refuse one at which nothing listens."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"address must be host:port, such as 127.0.0.1:6379; got {address!r}")
    try:
        return socket.create_connection((host, int(port)), timeout=PATIENCE)
    except (OSError, OverflowError):
        raise ValueError(f"there is no {kind} cluster at {address}: begin one with {how}") from None


def _stranger(kind: str, address: str) -> ValueError:
    return ValueError(
        f"what listens at {address} is no {kind} cluster: give its own as the address, host:port"
    )


def _no_worker(kind: str, address: str, how: str) -> ValueError:
    return ValueError(f"the {kind} cluster at {address} has no worker yet: add one with {how}")


@contextlib.contextmanager
def _ray(address: str) -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    ours = not ray.is_initialized()
    address = address or "127.0.0.1:6379"
    more = "`ray start --address=HOST:6379`"
    if ours:
        how = f"`ray start --head`, and on each other machine {more}"
        with _open("Ray", address, how) as connection:
            # Behind TLS nobody answers in the clear.
            if os.environ.get("RAY_USE_TLS", "0") == "0" and not _speaks_http2(connection):
                raise _stranger("Ray", address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
            why = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ValueError(
                f"the Ray cluster at {address} does not let this process in: {why} (where it asks "
                "for a token, set RAY_AUTH_MODE=token here too)"
            ) from None
    try:
        if ray.cluster_resources().get("CPU", 0) < 1:
            raise _no_worker("Ray", address, more)
        register_ray()
        yield
    finally:
        if ours:
            ray.shutdown()


def _speaks_http2(connection: socket.socket) -> bool:
    """Whether a connection's other end greets as HTTP/2 does, over which Ray's head is asked."""
    try:
        # A client's preface and its settings, none (RFC 9113, section 3.4).
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        answer = b""
        while len(answer) < 9 and (more := connection.recv(9 - len(answer))):
            answer += more
    except OSError:
        return False
    return len(answer) == 9 and answer[3] == 4  # a frame of settings


@contextlib.contextmanager
def _dask(address: str) -> Iterator[None]:
    from distributed import Client

    address = address or "127.0.0.1:8786"
    # A process a core: by default Dask runs cells as threads of one process.
    worker = "`dask worker HOST:8786 --nworkers -1 --nthreads 1`"
    _open("Dask", address, f"`dask scheduler`, and on each machine {worker}").close()
    if not _dask_identity(address)["workers"]:
        raise _no_worker("Dask", address, worker)
    client = Client(address, timeout=PATIENCE)
    try:
        yield
    finally:
        client.close()


def _dask_identity(address: str) -> dict[str, Any]:
    """What a Dask scheduler says of itself, if one answers in time.

    ``Client`` has a timeout, and waits on where a stranger takes the connection and is silent.
    """
    from distributed.core import rpc
    from distributed.security import Security

    async def asked() -> dict[str, Any]:
        secure = Security().get_connection_args("client")
        async with rpc(address, connection_args=secure) as scheduler:
            return dict(await scheduler.identity())

    try:
        # In a thread of its own, for a notebook's has a running loop already.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, asyncio.wait_for(asked(), PATIENCE)).result()
    except Exception:  # whatever reading a stranger's bytes as a message leads to
        raise _stranger("Dask", address) from None
