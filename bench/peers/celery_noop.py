"""Celery: tasks that do nothing, from a queue filled before. Arguments: broker count queue prefetch."""

import json
import os
import sys
import time

from celery import Celery

broker, count, queue, prefetch = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
app = Celery("noop", broker=broker)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue=queue,
    worker_prefetch_multiplier=prefetch,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
)
done = 0
start = 0.0


@app.task(name="noop")
def noop() -> None:
    """Counts itself; the last one reports and ends the worker."""
    global done, start
    done += 1
    if done == 1:
        start = time.perf_counter()
    if done == count:
        rate = (count - 1) / (time.perf_counter() - start)
        print(json.dumps({"rate": rate}), flush=True)
        os._exit(0)


for _ in range(count):
    noop.delay()
app.worker_main(["worker", "--pool=solo", "--concurrency=1", "--loglevel=ERROR", "--without-gossip",
                 "--without-mingle", "--without-heartbeat"])  # fmt: skip
