"""uvicorn's server for our callable: open pages do not hold up its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from tocsin.inbox import stream

if TYPE_CHECKING:
    import socket


class Server(uvicorn.Server):
    """Ends the live streams before it waits for what is under way: they would outlast its patience."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stream.end_all()
        await super().shutdown(sockets)
