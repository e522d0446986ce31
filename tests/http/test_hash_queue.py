"""The queue for password hashing."""

import asyncio
import threading

from hourhook.http.hash_queue import MAX_CONCURRENT_HASHES, MAX_WAITING, HashQueue, HashQueueFull

PLACES = MAX_CONCURRENT_HASHES + MAX_WAITING


def test_a_full_queue_refuses_further_hashes_and_works_on() -> None:
    asyncio.run(fill_and_drain())


async def fill_and_drain() -> None:
    queue, can_finish = HashQueue(), threading.Event()
    running = 0
    most_running = 0

    def hash_slowly() -> bool:
        nonlocal running, most_running
        running += 1
        most_running = max(most_running, running)
        finished = can_finish.wait(60)
        running -= 1
        return finished

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(queue.run(hash_slowly)) for _ in range(PLACES)]
        await asyncio.sleep(0)
        further = asyncio.create_task(queue.run(hash_slowly))
        await asyncio.sleep(0)
        is_refused_at_once = further.done()
        # Clients that signed in before still have places.
        privileged = group.create_task(queue.run(hash_slowly, is_privileged=True))
        await asyncio.sleep(0)
        can_finish.set()

    assert is_refused_at_once
    assert isinstance(further.exception(), HashQueueFull)
    assert [task.result() for task in [*waiting, privileged]] == [True] * (PLACES + 1)
    assert most_running <= MAX_CONCURRENT_HASHES
    assert await queue.run(hash_slowly)
