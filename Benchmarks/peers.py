#!/usr/bin/env python3
"""Runs the same work that does nothing on other systems and on RunSurge, in turn, and prints one table.

    python3 -m venv peers && peers/bin/pip install -r Benchmarks/requirements.txt
    peers/bin/python Benchmarks/peers.py --runsurge .build/release/runsurge

Two figures each: tasks a second, and seconds from one submission to its result. A system that is not installed, or
does not start, is shown as such. Everything that is started here is ended here. `celery` needs redis-server on PATH.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator

Measured = tuple[float, list[float]]
WORKERS = 2
WARM = 20


def nothing(_: int = 0) -> None:
    """The work."""


def timed(submit_all: Callable[[int], None], one: Callable[[], None], tasks: int, singles: int) -> Measured:
    """Tasks a second, and seconds of each of `singles` tasks by itself."""
    submit_all(WARM)
    begun = time.perf_counter()
    submit_all(tasks)
    rate = tasks / (time.perf_counter() - begun)
    seconds = []
    for _ in range(singles):
        begun = time.perf_counter()
        one()
        seconds.append(time.perf_counter() - begun)
    return rate, seconds


def ray(tasks: int, singles: int, folder: Path) -> Measured:
    os.environ["RAY_DEDUP_LOGS"] = "0"
    import ray as system
    system.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        work = system.remote(nothing)
        return timed(lambda count: system.get([work.remote() for _ in range(count)]),
                     lambda: system.get(work.remote()), tasks, singles)
    finally:
        system.shutdown()


def dask(tasks: int, singles: int, folder: Path) -> Measured:
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, local_directory=str(folder)) as it:
        with Client(it) as client:
            return timed(lambda count: client.gather(client.map(nothing, range(count), pure=False)),
                         lambda: client.submit(nothing, pure=False).result(), tasks, singles)


def parsl(tasks: int, singles: int, folder: Path) -> Measured:
    import parsl as system
    from parsl.config import Config
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider
    executor = HighThroughputExecutor(max_workers_per_node=WORKERS, address="127.0.0.1", encrypted=False,
                                      provider=LocalProvider(init_blocks=1, max_blocks=1))
    with system.load(Config(executors=[executor], run_dir=str(folder))):
        app = system.python_app(nothing)

        def submit_all(count: int) -> None:
            for future in [app(number) for number in range(count)]:
                future.result()

        return timed(submit_all, lambda: app().result(), tasks, singles)


CELERY = """
import os
from celery import Celery
app = Celery("work", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(worker_prefetch_multiplier=64, task_acks_late=False, broker_connection_retry_on_startup=True)

@app.task
def nothing(_=0):
    pass
"""


def celery(tasks: int, singles: int, folder: Path) -> Measured:
    (folder / "work.py").write_text(CELERY)
    socket = folder / "redis.sock"
    broker = f"redis+socket://{socket}"
    environment = {**os.environ, "BROKER": broker, "PYTHONPATH": str(folder)}
    with process(["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]):
        wait(socket.exists)
        with process([sys.executable, "-m", "celery", "-A", "work", "worker", "-c", str(WORKERS), "-l", "error"],
                     env=environment, cwd=folder):
            os.environ["BROKER"] = broker
            sys.path.insert(0, str(folder))
            import work

            def submit_all(count: int) -> None:
                for result in [work.nothing.delay(number) for number in range(count)]:
                    result.get(timeout=120)

            return timed(submit_all, lambda: work.nothing.delay().get(timeout=60, interval=0.001), tasks, singles)


def hyperqueue(tasks: int, singles: int, folder: Path) -> Measured:
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig
    with LocalCluster(str(folder)) as it:
        it.start_worker(WorkerConfig(cores=WORKERS))
        client = it.client()

        def submit_all(count: int) -> None:
            job = Job()
            for _ in range(count):
                job.program(["true"])
            client.wait_for_jobs([client.submit(job)])

        return timed(submit_all, lambda: submit_all(1), tasks, singles)


def runsurge(tasks: int, singles: int, folder: Path, binary: str = "") -> Measured:
    """Every result committed to PostgreSQL, in sandboxed processes."""
    environment = {**os.environ, "RUNSURGE_DATA": str(folder)}
    folder.chmod(0o711)

    def bench(*arguments: str) -> Any:
        done = subprocess.run([binary, "bench", *arguments, "--without-limits", "--json"], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace").strip())
        return {figure["name"]: figure["value"] for figure in json.loads(done.stdout)["figures"]}

    rate = bench("chunks", "--chunks", str(tasks), "--workers", str(WORKERS), "--runs", "1")
    latency = bench("latency", "--chunks", str(max(singles, 10)), "--jobs", "1", "--workers", str(WORKERS))
    return rate["chunks a second, median"], [latency["one chunk, p50"] / 1e3, latency["one chunk, p99"] / 1e3]


@contextlib.contextmanager
def process(command: list[str], **more: Any) -> Iterator[None]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait(is_met: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_met():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not start")
        time.sleep(0.02)


SYSTEMS: dict[str, tuple[Callable[..., Measured], str, float]] = {
    # What runs it, its package, the share of the tasks that it is given: the slower ones would take minutes.
    "Ray": (ray, "ray", 0.5),
    "Dask": (dask, "distributed", 0.2),
    "Parsl HTEX": (parsl, "parsl", 0.2),
    "Celery, Redis": (celery, "celery", 0.1),
    "HyperQueue": (hyperqueue, "hyperqueue", 0.1),
    "RunSurge": (runsurge, "", 1.0),
}


def version(package: str) -> str:
    return importlib.metadata.version(package) if package else "this one"


def one_run(name: str, tasks: int, singles: int, binary: str) -> Measured:
    """In a process of its own, so that no system meets another's threads."""
    command = [sys.executable, __file__, "--one", name, "--tasks", str(tasks), "--singles", str(singles), "--runsurge",
               binary]
    # Some of them start programs of their own package by name.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().splitlines()[-1][:120])
    rate, seconds = json.loads(done.stdout.decode().strip().splitlines()[-1])
    return rate, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runsurge", default=shutil.which("runsurge") or ".build/release/runsurge")
    parser.add_argument("--tasks", type=int, default=20_000, help="for the fastest; the others get a share")
    parser.add_argument("--singles", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of systems")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    binary = str(Path(options.runsurge).resolve())
    if options.one:
        run, _, _ = SYSTEMS[options.one]
        with tempfile.TemporaryDirectory(prefix="peer") as folder:
            more = {"binary": binary} if run is runsurge else {}
            print("\n" + json.dumps(run(options.tasks, options.singles, Path(folder), **more)))
        return
    rates: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    problems: dict[str, str] = {}
    for _ in range(options.rounds):
        for name, (_, _, share) in SYSTEMS.items():
            if name in problems or (options.only and name not in options.only):
                continue
            try:
                rate, seconds = one_run(name, max(100, int(options.tasks * share)), options.singles, binary)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                problems[name] = str(error)
                continue
            rates.setdefault(name, []).append(rate)
            latencies.setdefault(name, []).extend(seconds)
            print(f"{name}: {rate:.0f}/s, {statistics.median(seconds) * 1e3:.1f} ms", file=sys.stderr)
    print(f"{os.cpu_count()} cores, {WORKERS} workers, Python {sys.version.split()[0]}, {options.rounds} rounds")
    print(f"{'system':<14} {'version':<12} {'tasks/s':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for name, (_, package, _) in SYSTEMS.items():
        if name in rates:
            ordered = sorted(latencies[name])
            last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            print(f"{name:<14} {version(package):<12} {statistics.median(rates[name]):>9.0f} "
                  f"{statistics.median(ordered) * 1e3:>8.1f} {last * 1e3:>8.1f}")
        elif name in problems:
            print(f"{name:<14} {problems[name]}")


if __name__ == "__main__":
    main()
