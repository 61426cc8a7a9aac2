"""Time-outs and limits for connections, so that silent clients cannot block the server for others.

uvicorn waits forever for the rest of a request, and a process has few file descriptors.
"""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

with suppress(ImportError):  # Windows has no such limit
    import resource

HEADER_SECONDS = 15.0  # for a request's whole header
BODY_SECONDS = 45.0  # between two pieces of its body; the API's own limit is shorter
HEADER_BYTES = 32 * 2**10
MOST = 4096  # connections at once
SHARE = 256  # connections of one address with incomplete requests
SPARE = 256  # descriptors for images, models, databases
WANTED = 16384  # descriptors


@dataclass
class Connections:
    """The connections of one server, and which of them wait for the rest of a request, oldest first.

    Attributes:
        most: connections at once.
        share: waiting connections of one address.
    """

    most: int = MOST
    share: int = SHARE
    _open: "set[TimedProtocol]" = field(default_factory=set)
    _waiting: "dict[TimedProtocol, None]" = field(default_factory=dict)
    _of: "Counter[str]" = field(default_factory=Counter)  # waiting connections of each address
    _from: "Counter[str]" = field(default_factory=Counter)  # all connections of each address

    def add_waiting(self, connection: "TimedProtocol") -> None:
        """Register a connection with an incomplete request; if there are too many, the oldest one is closed."""
        if connection not in self._waiting:
            self._of[connection.address] += 1
        else:
            del self._waiting[connection]  # it sent something, so it becomes the newest
        self._waiting[connection] = None
        if self._of[connection.address] > self.share:
            self._end(next(other for other in self._waiting if other.address == connection.address))
        elif len(self._waiting) > self.most // 2:
            self._end(next(iter(self._waiting)))

    def remove_waiting(self, connection: "TimedProtocol") -> None:
        """Register that a request is complete."""
        if connection in self._waiting:
            del self._waiting[connection]
            self._of[connection.address] -= 1
            if not self._of[connection.address]:
                del self._of[connection.address]

    def admit(self, connection: "TimedProtocol") -> bool:
        """Return whether to serve a new connection; if there are too many, the oldest waiting one is closed."""
        if len(self._open) >= self.most and self._waiting:
            self._end(next(iter(self._waiting)))
        most_of_one_address = self.most * 3 // 4  # a quarter is for others
        if len(self._open) >= self.most or self._from[connection.address] >= most_of_one_address:
            return False
        self._open.add(connection)
        self._from[connection.address] += 1
        return True

    def remove(self, connection: "TimedProtocol") -> None:
        """Forget a closed connection."""
        self.remove_waiting(connection)
        if connection in self._open:
            self._open.remove(connection)
            self._from[connection.address] -= 1
            if not self._from[connection.address]:
                del self._from[connection.address]

    def _end(self, connection: "TimedProtocol") -> None:
        self.remove(connection)  # now, since the event loop reports its end only after a burst of other events
        connection.transport.abort()


class TimedProtocol(H11Protocol):
    """uvicorn's protocol with a time-out for a request's header and for each piece of its body."""

    def __init__(self, *args: Any, registry: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry, self.address = registry, ""
        self._timer: asyncio.TimerHandle | None = None
        self._in_header = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a header, or refuse the connection."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self.registry.admit(self):
            self._header_began()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._arrived()
        self.registry.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass the data on, then wait for what is still missing of the request."""
        super().data_received(data)
        if self.transport.is_closing():
            self._arrived()
        elif self.conn.their_state is h11.SEND_BODY:
            self._in_header = False
            self._wait(BODY_SECONDS)
        elif self.conn.their_state is not h11.IDLE:
            self._arrived()
        elif not self._in_header:
            self._header_began()

    def _header_began(self) -> None:
        self._in_header = True  # more bytes of the header do not restart the time-out
        self._wait(HEADER_SECONDS)

    def _arrived(self) -> None:
        self._in_header = False
        self._stop_timer()
        self.registry.remove_waiting(self)

    def _wait(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._too_late)
        self.registry.add_waiting(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        if self.flow.read_paused and self.conn.their_state is h11.SEND_BODY:
            self._wait(BODY_SECONDS)  # the delay is ours: we do not read
        else:
            self._arrived()
            self.transport.close()


def limit_connections(server: uvicorn.Server) -> None:
    """Apply the time-outs and limits to a running server's next connections.

    Args:
        server: started by Gradio, which offers no way to choose the protocol before.
    """
    config, registry = server.config, Connections(most=min(MOST, max(SPARE // 4, _descriptors() - SPARE)))
    registry.share = min(SHARE, registry.most // 2)
    config.h11_max_incomplete_event_size = HEADER_BYTES
    config.ws_protocol_class = None  # our pages open no web sockets, and these would not be counted here
    config.http_protocol_class = partial(TimedProtocol, registry=registry)  # type: ignore[assignment]


def _descriptors() -> int:
    """Raise the limit on open files as far as possible, and return it."""
    if os.name != "posix":
        return WANTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
