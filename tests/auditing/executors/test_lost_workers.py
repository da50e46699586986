"""What happens to items whose workers are lost, with workers that are lost to order."""

from __future__ import annotations

import threading

import pytest

from camcore.auditing.executors import ray_cluster
from camcore.auditing.executors.ray_cluster import RayCluster
from camcore.errors import ClusterError, InputError
from tests.extras import extra

errors = extra("ray.exceptions", "ray")


class _Call:
    """A method of a worker, done when its result is fetched."""

    def __init__(self, work):
        self._work = work

    def options(self, **_):
        return self

    def remote(self, *arguments):
        return lambda: self._work(*arguments)


class _Workers:
    """As much of Ray as the driver uses, in this process; `fails` is asked before each call."""

    exceptions = errors

    def __init__(self, count, fails):
        self._count, self._fails = count, fails

    def is_initialized(self):
        return True

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 1.0}}] * self._count

    def put(self, value):
        return lambda: value

    def get(self, reference):
        return reference()

    def kill(self, worker):
        pass

    def remote(self, _):
        return self

    def options(self, **_):
        outer = self

        class Factory:
            def remote(self, cores):
                return outer.worker()

        return Factory()

    def worker(self):
        def run(carried, number, make, task, item):
            self._fails("run", item)
            return task(make[0]()(None), item, None), (1, 0)

        worker = _Call(run)
        worker.run = _Call(run)
        worker.ready = _Call(lambda: self._fails("ready", None))
        return worker


def _cluster(monkeypatch, count, fails):
    monkeypatch.setattr(ray_cluster, "import_ray", lambda: _Workers(count, fails))
    return RayCluster("ray", None, None)


def _made(classifier):
    return 10


def _times(shared, item, count):
    return shared * item


def test_an_item_goes_to_another_worker(monkeypatch):
    lock, left = threading.Lock(), {2: 3, 5: 1}  # workers that an item loses

    def fails(what, item):
        with lock:
            if left.get(item, 0):
                left[item] -= 1
                raise errors.ActorUnavailableError("gone", b"0" * 16)

    counted = []
    with _cluster(monkeypatch, 2, fails) as workers:
        results = dict(workers.map(_made, _times, range(8), lambda done, bad: counted.append(done)))
    assert results == {place: 10 * place for place in range(8)}
    assert sum(counted) == 8
    assert set(left.values()) == {0}


def test_an_item_that_loses_every_worker_ends_the_audit(monkeypatch):
    def fails(what, item):
        if item == 3:
            raise errors.ActorUnavailableError("gone", b"0" * 16)

    with (
        _cluster(monkeypatch, 2, fails) as workers,
        pytest.raises(ClusterError, match="workers of the cluster were lost over the same part"),
    ):
        list(workers.map(_made, _times, range(8), lambda done, bad: None))


def test_workers_that_never_start_end_the_audit(monkeypatch):
    def fails(what, item):
        raise errors.ActorDiedError()

    with (
        _cluster(monkeypatch, 2, fails) as workers,
        pytest.raises(ClusterError, match="no worker of the cluster could be started"),
    ):
        list(workers.map(_made, _times, range(8), lambda done, bad: None))


def test_flows_run_side_by_side_and_the_first_error_ends_all(monkeypatch):
    with _cluster(monkeypatch, 2, lambda what, item: None) as workers:
        both = threading.Barrier(2, timeout=30)
        assert workers.follow([lambda: both.wait() * 0 + 1, lambda: both.wait() * 0 + 2]) == [1, 2]

        def refused():
            raise InputError("this cannot be")

        def endless():
            while True:
                list(workers.map(_made, _times, [1], lambda done, bad: None))

        with pytest.raises(InputError, match="this cannot be"):
            workers.follow([endless, refused])
