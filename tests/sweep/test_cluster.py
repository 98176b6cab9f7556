"""A sweep on a real Ray cluster of two nodes, of which one loses its worker midway."""

import dataclasses

import pytest
from test_running import SHORT, TWO, begun_again, fatal  # noqa: F401  (a fixture)

from ddpg_lib.sweep.backends import backend
from ddpg_lib.sweep.running import sweep, worker_name
from ddpg_lib.sweep.study import Study


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    """Two nodes with one core each; gives the cluster's address."""
    pytest.importorskip("ray", reason='needs the extra scale: pip install "ddpg-lib[scale]"')
    from ray.cluster_utils import Cluster

    # Ray lets its workers run at a low priority, at which a busy machine starves them.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=node)
    made.add_node(**node)
    yield made.address
    made.shutdown()


@pytest.mark.slow
def test_a_worker_that_is_killed_on_a_cluster_loses_nothing_but_time(cluster, fatal, tmp_path):  # noqa: F811
    study = dataclasses.replace(TWO, environments=("ddpg_test_fatal:Once",))
    (fatal / "killed").touch()  # not here
    expected = sweep(study, tmp_path / "here", progress=False)
    (fatal / "killed").unlink()
    with backend("ray", address=cluster):
        rows = sweep(study, tmp_path / "there", progress=False)
    assert (fatal / "killed").exists()
    assert [row.returns for row in rows] == [row.returns for row in expected]
    assert worker_name() not in {row.worker for row in rows}
    assert begun_again(tmp_path / "there", rows) == 1
    # And nothing is run again.
    with backend("ray", address=cluster):
        assert sweep(study, tmp_path / "there", progress=False) == rows


def test_a_cluster_that_is_not_there_is_one_sentence():
    pytest.importorskip("ray", reason='needs the extra scale: pip install "ddpg-lib[scale]"')
    with (
        pytest.raises(
            ValueError, match=r"there is no Ray cluster at 127\.0\.0\.1:1: begin one with"
        ),
        backend("ray", address="127.0.0.1:1"),
    ):
        sweep(Study(("Pendulum-v1",), (1,), settings=SHORT), "unused")
