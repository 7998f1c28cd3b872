"""Procrastinate: tasks that do nothing, from a queue filled before. Arguments: database count."""

import asyncio
import json
import logging
import sys
import time

import procrastinate

database, count = sys.argv[1], int(sys.argv[2])
logging.disable(logging.WARNING)
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database))


@app.task
async def noop() -> None:
    """Nothing."""


async def main() -> float:
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await noop.batch_defer_async(*({} for _ in range(count)))
        start = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=1, install_signal_handlers=False)
        return count / (time.perf_counter() - start)


print(json.dumps({"rate": asyncio.run(main())}), flush=True)
