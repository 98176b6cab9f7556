"""A sweep on real clusters, Ray's and Dask's, of which each loses a worker midway."""

import contextlib
import dataclasses
import http.server
import socket
import threading

import pytest
from test_running import SHORT, TWO, begun_again, fatal  # noqa: F401  (a fixture)

from ddpg_lib.sweep import backends
from ddpg_lib.sweep.backends import backend
from ddpg_lib.sweep.running import sweep, worker_name
from ddpg_lib.sweep.study import Study

NEEDS = 'needs the extra scale: pip install "ddpg-lib[scale]"'


@contextlib.contextmanager
def ray_cluster(monkeypatch):
    """Two nodes with one core each; gives the cluster's address."""
    pytest.importorskip("ray", reason=NEEDS)
    from ray.cluster_utils import Cluster

    # Ray lets its workers run at a low priority, at which a busy machine starves them.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=node)
    made.add_node(**node)
    try:
        yield made.address
    finally:
        made.shutdown()


@contextlib.contextmanager
def dask_cluster(monkeypatch):
    """A scheduler and two workers with one thread each; gives the scheduler's address."""
    pytest.importorskip("distributed", reason=NEEDS)
    from distributed import LocalCluster

    made = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with made:
        yield made.scheduler_address


CLUSTERS = {"ray": ray_cluster, "dask": dask_cluster}


@pytest.mark.slow
@pytest.mark.parametrize("name", CLUSTERS)
def test_a_worker_that_is_killed_on_a_cluster_loses_nothing_but_time(
    name,
    fatal,  # noqa: F811
    monkeypatch,
    tmp_path,
):
    study = dataclasses.replace(TWO, environments=("ddpg_test_fatal:Once",))
    (fatal / "killed").touch()  # not here
    expected = sweep(study, tmp_path / "here", progress=False)
    (fatal / "killed").unlink()
    with CLUSTERS[name](monkeypatch) as address:
        with backend(name, address=address):
            rows = sweep(study, tmp_path / "there", progress=False)
        assert (fatal / "killed").exists()
        assert [row.returns for row in rows] == [row.returns for row in expected]
        assert worker_name() not in {row.worker for row in rows}
        assert begun_again(tmp_path / "there", rows) == 1
        # And nothing is run again.
        with backend(name, address=address):
            assert sweep(study, tmp_path / "there", progress=False) == rows


MODULES = pytest.mark.parametrize(("name", "module"), [("ray", "ray"), ("dask", "distributed")])


@MODULES
def test_a_cluster_that_is_not_there_is_one_sentence(name, module):
    pytest.importorskip(module, reason=NEEDS)
    complaint = rf"there is no {name.title()} cluster at 127\.0\.0\.1:1: begin one with"
    with (
        pytest.raises(ValueError, match=complaint),
        backend(name, address="127.0.0.1:1"),
    ):
        sweep(Study(("Pendulum-v1",), (1,), settings=SHORT), "unused")


class Silent(http.server.BaseHTTPRequestHandler):
    """An HTTP server's answers, without a line in the log for each."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server():
    """A plain HTTP server; gives its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads = True  # one may wait for the end of a line for ever
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def nobody():
    """A port that takes connections and says nothing; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("stranger", [web_server, nobody])
@MODULES
def test_a_port_on_which_something_else_listens_is_one_sentence(
    name, module, stranger, monkeypatch
):
    pytest.importorskip(module, reason=NEEDS)
    monkeypatch.setattr(backends, "PATIENCE", 0.5)
    with stranger() as address:
        complaint = f"what listens at {address} is no {name.title()} cluster: give its own"
        with (
            pytest.raises(ValueError, match=complaint) as caught,
            backend(name, address=address),
        ):
            sweep(Study(("Pendulum-v1",), (1,), settings=SHORT), "unused")
    assert "\n" not in str(caught.value)


def test_a_dask_scheduler_without_workers_is_one_sentence():
    distributed = pytest.importorskip("distributed", reason=NEEDS)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as made:
        address = made.scheduler_address
        with (
            pytest.raises(ValueError, match=f"cluster at {address} has no worker yet: add one"),
            backend("dask", address=address),
        ):
            sweep(Study(("Pendulum-v1",), (1,), settings=SHORT), "unused")
