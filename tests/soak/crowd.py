"""Many trials, several at a time, each worker with a platform of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from soak.trial import Worker

Order = TypeVar("Order")
Result = TypeVar("Result")
WORKERS = 3


def crowd(
    folder: Path, orders: Iterable[Order], one: Callable[[Worker, Order], Result], workers: int = WORKERS
) -> list[Result]:
    """What `one` makes of each order; the first exception of any is raised once all have ended."""
    todo: queue.SimpleQueue[Order] = queue.SimpleQueue()
    for order in orders:
        todo.put(order)
    results: list[Result] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with Worker(folder / f"worker-{number}") as worker:
                while not errors:
                    results.append(one(worker, todo.get_nowait()))
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001  # raised below, in the thread that asked
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
