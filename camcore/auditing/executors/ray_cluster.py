"""The parts of an audit on a cluster of Ray's: one model a worker, one driver that writes."""

from __future__ import annotations

import itertools
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from camcore._version import __version__
from camcore.auditing.audited_model import audited_model
from camcore.auditing.executors.executor import Count, Item, Result, Shared
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.progress import StoppedError
from camcore.classifier import Classifier
from camcore.errors import ClusterError, InputError

_AHEAD = 2  # items under way for each worker
_HEARD = 0.5  # seconds until a request to stop is heard
_REACHED = 10.0  # seconds in which a head answers
_TRIES = 5  # workers that one item may lose
_KEPT = 2  # shared values that a worker keeps
_THREADS = (
    "LOKY_MAX_CPU_COUNT",  # bounds `usable_cores`
    "TF_NUM_INTRAOP_THREADS",
)


def import_ray() -> Any:
    """The module ``ray``; it is imported when an audit first asks for it.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise InputError(
            "an audit on a cluster needs Ray, which is an extra: pip install '.[ray]'."
        ) from error


def ray_address(on: str) -> str | None:
    """What `ray.init` takes as the address of a cluster.

    Parameters
    ----------
    on : str
        ``ray``: the cluster that RAY_ADDRESS names or that this machine is a node of, else one is
        started on this machine. ``ray:HOST:PORT``: the cluster with its head there; this machine
        is a node of it.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> ray_address("ray"), ray_address("ray:10.0.0.1:6379")
    (None, '10.0.0.1:6379')
    """
    if on == "ray":
        return None
    scheme, _, address = on.partition(":")
    host, _, port = address.rpartition(":")
    if scheme != "ray" or not host or "/" in host or not port.isdecimal():
        raise InputError(f"an audit does not run on {on!r}; choose local, ray or ray:HOST:PORT.")
    return address


@dataclass(frozen=True)
class _Carried:
    """What a worker makes its model from: the plan, and a model in memory, pickled."""

    plan: Plan
    pickled: bytes | None
    version: str = __version__

    def classifier(self) -> Classifier:
        """The model of the plan, prepared as the driver's is."""
        if self.version != __version__:
            raise ClusterError(
                f"a worker has CAM Audit {__version__}, and this is {self.version}; install the "
                "same version on all machines of the cluster."
            )
        in_memory = None
        if self.pickled is not None:
            in_memory = import_module("pickle").loads(self.pickled)
        model = audited_model(self.plan.settings, in_memory)
        if model.sha256 != self.plan.record["model"]["sha256"]:
            raise ClusterError(
                f"the model {model.name} of a worker is not the one of this audit; put the same "
                "file on all machines of the cluster."
            )
        return model.for_throughput(bfloat16=self.plan.bfloat16)


class _Worker:
    """The actor: loads the model once, and keeps what the tasks share.

    References come in lists, so that they are fetched here, once, and not with every call.
    """

    def __init__(self, cores: int) -> None:
        # Before any library counts cores: several workers may share a machine.
        os.environ.update(dict.fromkeys(_THREADS, str(cores)))
        self._classifier: Classifier | None = None
        self._made: dict[int, Any] = {}

    def ready(self) -> None:
        """Answer, once the worker is there."""

    def run(
        self, carried: list[Any], number: int, make: list[Any], task: Callable[..., Any], item: Any
    ) -> tuple[Any, tuple[int, int]]:
        """The result of a task, and what it counted.

        What `make` refers to is built when it is first needed.
        """
        if self._classifier is None:
            self._classifier = import_ray().get(carried[0]).classifier()
        if number not in self._made:
            while len(self._made) >= _KEPT:
                self._made.pop(next(iter(self._made)))
            self._made[number] = import_ray().get(make[0])(self._classifier)
        counts = [(0, 0)]
        result = task(self._made[number], item, lambda done, bad: counts.append((done, bad)))
        done, bad = map(sum, zip(*counts, strict=True))
        return result, (done, bad)


@dataclass(eq=False)
class _Job:
    """One item under way."""

    call: tuple[Any, ...]
    future: Future[Any]
    lost: int = 0


class RayCluster:
    """Workers on a cluster of Ray's, and a thread of this process for each.

    Ray places the workers, starts them anew elsewhere when their machine is lost, and holds what
    is under way. An item whose worker is lost goes to the next one that is free, so that it never
    waits for a machine that does not come back.

    Parameters
    ----------
    on : str
        See `ray_address`.
    plan : Plan
    in_memory : Classifier or None
        A model that no worker can load by the name in the plan.

    Raises
    ------
    InputError
        If Ray is not installed, or the model cannot be carried.
    ClusterError
        If there is no cluster, or none with a free core.
    """

    def __init__(self, on: str, plan: Plan, in_memory: Classifier | None) -> None:
        self._ray = import_ray()
        pickled = None if in_memory is None else _pickled(in_memory)
        self._connected = not self._ray.is_initialized()
        if self._connected:
            _connect(self._ray, ray_address(on))
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._made: dict[int, tuple[Any, int, Any]] = {}
        self._numbers = itertools.count()
        self._making = threading.Lock()
        self._ended = threading.Event()
        self._dead: list[Exception] = []
        count, needs = _placed(self._ray.nodes())
        actor = self._ray.remote(_Worker).options(max_restarts=-1, **needs)
        self._carried = self._ray.put(_Carried(plan, pickled))
        cores = int(needs["num_cpus"])
        self._actors = [actor.remote(cores) for _ in range(count)]
        for worker in self._actors:
            threading.Thread(target=self._serve, args=(worker,), daemon=True).start()

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for worker in self._actors:
            self._jobs.put(None)
            self._ray.kill(worker)
        if self._connected:
            self._ray.shutdown()

    def map(
        self,
        make: Callable[[Classifier], Shared],
        task: Callable[[Shared, Item, Count], Result],
        items: Iterable[Item],
        count: Count,
    ) -> Iterator[tuple[int, Result]]:
        number, reference = self._shared(make)
        left = enumerate(items)
        under_way: dict[Future[Any], int] = {}
        most = _AHEAD * len(self._actors)
        while True:
            for place, item in itertools.islice(left, most - len(under_way)):
                call = [self._carried], number, [reference], task, item
                job = _Job(call, Future())
                under_way[job.future] = place
                self._jobs.put(job)
            if not under_way:
                return
            done, _ = wait(under_way, timeout=_HEARD, return_when=FIRST_COMPLETED)
            if self._ended.is_set():
                raise StoppedError("another part of the audit has ended it.")
            if len(self._dead) == len(self._actors):
                raise ClusterError(
                    "no worker of the cluster could be started; install the same packages as here "
                    "on all its machines."
                ) from self._dead[0]
            count(0, 0)  # hears whether the audit is to stop
            for future in done:
                result, counted = future.result()
                count(*counted)
                yield under_way.pop(future), result

    def follow(self, flows: Sequence[Callable[[], Result]]) -> list[Result]:
        with ThreadPoolExecutor(_AHEAD * len(self._actors), "follow") as threads:
            futures = [threads.submit(flow) for flow in flows]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()  # raises what ended it
                return [future.result() for future in futures]
            except BaseException:
                self._ended.set()  # the others wait for results that nobody needs
                threads.shutdown(cancel_futures=True)
                raise

    def _shared(self, make: Callable[[Classifier], Any]) -> tuple[int, Any]:
        """Number and reference of what tasks share, which goes to the cluster once."""
        with self._making:
            if id(make) not in self._made:
                self._made[id(make)] = make, next(self._numbers), self._ray.put(make)
            return self._made[id(make)][1:]

    def _serve(self, worker: Any) -> None:
        """Give one worker an item after the other, until there are no more."""
        ready = worker.ready.options(max_task_retries=-1)
        errors = self._ray.exceptions
        while True:
            try:
                self._ray.get(ready.remote())
                while (job := self._jobs.get()) is not None:
                    try:
                        job.future.set_result(self._ray.get(worker.run.remote(*job.call)))
                    except errors.RayTaskError as error:
                        job.future.set_exception(error.cause)
                    except errors.RayError as error:
                        self._lose(job, error)
                        break
                else:
                    return
            except errors.RayError as error:
                if self._ended.is_set():
                    return
                if isinstance(error, errors.ActorDiedError):  # for good: it never came to life
                    self._dead.append(error)
                    return

    def _lose(self, job: _Job, error: Exception) -> None:
        job.lost += 1
        if job.lost < _TRIES:
            self._jobs.put(job)
            return
        job.future.set_exception(
            ClusterError(
                f"{_TRIES} workers of the cluster were lost over the same part "
                f"({type(error).__name__}); look whether they have memory enough, and start the "
                "same audit again: all that is done is kept."
            )
        )


def _connect(ray: Any, address: str | None) -> None:
    try:
        if address is not None:  # Ray itself tries for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), _REACHED).close()
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ClusterError(
            f"there is no cluster at {address or 'this machine'} ({reason}); start one with `ray "
            "start --head`, or check the address."
        ) from None


def _placed(nodes: Sequence[dict[str, Any]]) -> tuple[int, dict[str, float]]:
    """How many workers there are, and what each needs of its machine.

    A worker for each GPU where there are some. Else as many cores for each as the smallest machine
    has: with machines of one kind that is a worker a machine, and the model is held there once.

    Examples
    --------
    >>> def node(**has): return {"Alive": True, "Resources": has}
    >>> _placed([node(CPU=4), node(CPU=9), node(memory=1)])
    (3, {'num_cpus': 4.0})
    >>> _placed([node(CPU=8, GPU=2), node(CPU=64)])
    (2, {'num_cpus': 4.0, 'num_gpus': 1.0})
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    able = [has for has in alive if has.get("CPU", 0) >= 1]
    graphic = [has for has in able if has.get("GPU", 0) >= 1]
    if graphic:
        cores = float(max(1, min(has["CPU"] // has["GPU"] for has in graphic)))
        count = sum(int(min(has["GPU"], has["CPU"] // cores)) for has in graphic)
        return count, {"num_cpus": cores, "num_gpus": 1.0}
    if not able:
        raise ClusterError("the cluster has no core to work with; add a machine to it.")
    cores = float(min(has["CPU"] for has in able) // 1)
    return sum(int(has["CPU"] // cores) for has in able), {"num_cpus": cores}


def _pickled(model: Classifier) -> bytes:
    try:
        data: bytes = import_module("ray.cloudpickle").dumps(model)
    except Exception as error:  # whatever a model's own parts raise
        raise InputError(
            f"the model {model.name} is in memory and cannot be carried to the workers of a "
            f"cluster ({type(error).__name__}); save it to a file that they see, and name that."
        ) from None
    return data
