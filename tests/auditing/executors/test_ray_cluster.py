"""An audit on a cluster of two nodes ends with the very files of one in this process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from camcore.auditing import pipeline
from camcore.auditing.executors import ray_cluster
from camcore.auditing.executors.executor import Local
from camcore.auditing.executors.ray_cluster import RayCluster
from camcore.auditing.runs.beginning import begin
from camcore.auditing.runs.progress import Progress, StoppedError, Watch, ask_to_stop
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.errors import ClusterError, InputError
from tests.auditing.executors.unhurried import itself, nothing, unhurried
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at
from tests.extras import extra

extra("ray", "ray")

_PROCESSES = multiprocessing.get_context("forkserver")
_NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_log_monitor": False}


def audited(folder: Path, out: Path, on: str = "local", show=None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "write_report", lambda run: None)
        pipeline.audit(
            folder, unhurried(), out=out, on=on, show=show, method="hirescam",
            precision="float32", budget=10_000,
        )  # fmt: skip


def contents(run: Path) -> dict[str, bytes]:
    news = {"run.json", "progress.json", "lock", "findings.json"}  # hold times
    return {
        str(file.relative_to(run)): file.read_bytes()
        for file in sorted(run.rglob("*"))
        if file.is_file() and file.name not in news
    }


def differing(run: Path, calm: Path) -> list[str]:
    before, after = contents(calm), contents(run)
    return sorted(name for name in before | after if before.get(name) != after.get(name))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return tagged_folder(tmp_path_factory.mktemp("data") / "tagged", each=260)  # three parts


@pytest.fixture(scope="module")
def calm(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "calm"
    audited(pictures, out)
    return out


@pytest.fixture(scope="module")
def cluster():
    import ray

    nodes = _started({**_NODE, "include_dashboard": False, "no_monitor": True})
    nodes.add_node(**_NODE)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def _started(head: dict):
    """A cluster of one node; Ray gives a node half a minute, which a busy machine may not have."""
    from ray.cluster_utils import Cluster

    for _ in range(3):
        try:
            return Cluster(initialize_head=True, head_node_args=head)
        except Exception as error:  # no kind of its own
            late = error
    raise late


# First: later this process is a node of the cluster below, whatever an address says.
def test_an_address_where_nobody_is_is_one_line(pictures, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ClusterError, match=f"there is no cluster at 127.0.0.1:{port}"):
        audited(pictures, tmp_path / "run", f"ray:127.0.0.1:{port}")


@pytest.mark.slow
def test_nodes_that_are_lost_in_the_middle_change_nothing(pictures, calm, cluster, tmp_path):
    """One in the scan, for another; and that one in the interventions, for none.

    Whether a node is at work or between two items when it goes is chance; what becomes of an item
    whose worker is lost is told by the tests on a fake of Ray.
    """
    removed: dict[str, threading.Thread] = {}

    def exchange(another: bool) -> None:
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        if another:
            cluster.add_node(**_NODE)

    def show(now: Progress) -> None:
        stage = now.stage
        in_the_middle = now.total and 0 < now.done < now.total
        if stage in ("scan", "interventions") and in_the_middle and stage not in removed:
            removed[stage] = threading.Thread(target=exchange, args=(stage == "scan",))
            removed[stage].start()

    audited(pictures, tmp_path / "run", f"ray:{cluster.address}", show)
    assert removed.keys() == {"scan", "interventions"}
    assert differing(tmp_path / "run", calm) == []


@pytest.mark.slow
def test_a_driver_that_is_killed_and_started_again_changes_nothing(
    pictures, calm, cluster, tmp_path
):
    out, on = tmp_path / "run", f"ray:{cluster.address}"
    driver = _PROCESSES.Process(target=audited, args=(pictures, out, on))
    driver.start()
    while driver.is_alive() and not list(out.glob("trials/discovery/*.parquet")):
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.join()
    assert not (out / "findings.json").exists()
    audited(pictures, out, on)
    assert differing(out, calm) == []


@pytest.mark.slow
def test_a_pause_and_what_workers_refuse_end_it_in_one_line(pictures, cluster, tmp_path):
    on = f"ray:{cluster.address}"

    def show(now: Progress) -> None:
        if now.stage == "interventions" and now.done:
            ask_to_stop(tmp_path / "paused")

    with pytest.raises(StoppedError, match="the same command continues it"):
        audited(pictures, tmp_path / "paused", on, show)
    model, other = looks_at((0, 0)), looks_at((3, 3))
    store = Store(tmp_path / "begun")
    settings = Settings(str(pictures), model.name, method="hirescam", precision="float32")
    with store.locked():
        plan, _ = begin(store, settings, lambda: model, Watch(store.folder))
    for carried, answer in ((model, [(0, 7)]), (other, None)):
        with RayCluster(on, plan, carried) as workers:
            made = workers.map(nothing, itself, [7], lambda done, bad: None)
            if answer:
                assert list(made) == answer
                continue
            with pytest.raises(ClusterError, match="is not the one of this audit"):
                list(made)


def test_without_ray_one_line_names_the_extra(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(ray_cluster, "import_module", missing)
    with pytest.raises(InputError, match=r"pip install '\.\[ray\]'"):
        pipeline.audit(tmp_path, looks_at((0, 0)), out=tmp_path / "run", on="ray")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("on", ["dask", "ray:", "ray:head", "ray://head:1", "ray:/head:1", "rays"])
def test_places_that_are_none_are_one_line(tmp_path, on):
    with pytest.raises(InputError, match="choose local, ray or ray:HOST:PORT"):
        pipeline.audit(tmp_path, looks_at((0, 0)), out=tmp_path / "run", on=on)


def test_a_model_that_cannot_be_carried_is_one_line():
    model = looks_at((0, 0))
    assert ray_cluster._pickled(model)
    model.lock = threading.Lock()
    with pytest.raises(InputError, match="save it to a file that they see"):
        ray_cluster._pickled(model)


def test_this_process_makes_what_is_shared_once():
    made = []
    local = Local(looks_at((0, 0)))

    def make(classifier):
        made.append(classifier.name)
        return 10

    counted = []

    def times(shared, item, count):
        count(item, 0)
        return shared * item

    for _ in range(2):
        results = list(local.map(make, times, [3, 4], lambda done, bad: counted.append(done)))
        assert results == [(0, 30), (1, 40)]
    assert (made, counted) == (["linear"], [3, 4, 3, 4])
