"""Connections that send nothing more: they end, and they cannot take the places of those that do.

uvicorn waits for ever for the rest of a request, and a process has few file descriptors.
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

HEADER_SECONDS = 15.0  # for all of a request's header
BODY_SECONDS = 45.0  # between two pieces of its body; the API's own limit comes first
HEADER_BYTES = 32 * 2**10
MOST = 4096  # connections at once
SHARE = 256  # connections of one address whose requests are not all there
SPARE = 256  # descriptors for pictures, models, databases
WANTED = 16384  # descriptors


@dataclass
class Room:
    """The connections of one server: how many there may be, and which of them wait for their clients, oldest first.

    Attributes:
        most: connections at once.
        share: of those that wait, how many may come from one address.
    """

    most: int = MOST
    share: int = SHARE
    _open: "set[TimedProtocol]" = field(default_factory=set)
    _waiting: "dict[TimedProtocol, None]" = field(default_factory=dict)
    _of: "Counter[str]" = field(default_factory=Counter)
    _from: "Counter[str]" = field(default_factory=Counter)  # all connections of an address

    def wait(self, one: "TimedProtocol") -> None:
        """A client sends its request; the oldest such connection ends where there are too many."""
        if one not in self._waiting:
            self._of[one.address] += 1
        else:
            del self._waiting[one]  # it did something: now it is the newest
        self._waiting[one] = None
        if self._of[one.address] > self.share:
            self._end(next(other for other in self._waiting if other.address == one.address))
        elif len(self._waiting) > self.most // 2:
            self._end(next(iter(self._waiting)))

    def go(self, one: "TimedProtocol") -> None:
        """A request is all there."""
        if one in self._waiting:
            del self._waiting[one]
            self._of[one.address] -= 1
            if not self._of[one.address]:
                del self._of[one.address]

    def admits(self, one: "TimedProtocol") -> bool:
        """Whether a new connection is served; where there are too many, the oldest that waits ends for it."""
        if len(self._open) >= self.most and self._waiting:
            self._end(next(iter(self._waiting)))
        if len(self._open) >= self.most or self._from[one.address] >= self.most * 3 // 4:  # some stay for others
            return False
        self._open.add(one)
        self._from[one.address] += 1
        return True

    def leave(self, one: "TimedProtocol") -> None:
        """A connection is gone."""
        self.go(one)
        if one in self._open:
            self._open.remove(one)
            self._from[one.address] -= 1
            if not self._from[one.address]:
                del self._from[one.address]

    def _end(self, one: "TimedProtocol") -> None:
        self.leave(one)  # now: the event loop tells of its end only after a burst of others
        one.transport.abort()


class TimedProtocol(H11Protocol):
    """uvicorn's own, with a time for a request's header and for each piece of its body."""

    def __init__(self, *args: Any, room: Room, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room, self.address = room, ""
        self._timer: asyncio.TimerHandle | None = None
        self._in_header = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a header."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self.room.admits(self):
            self._header_began()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._arrived()
        self.room.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass it on, and see what is still missing."""
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
        self._in_header = True  # bytes that drip in give no more time
        self._wait(HEADER_SECONDS)

    def _arrived(self) -> None:
        self._in_header = False
        self._stop_timer()
        self.room.go(self)

    def _wait(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._too_late)
        self.room.wait(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        if self.flow.read_paused and self.conn.their_state is h11.SEND_BODY:
            self._wait(BODY_SECONDS)  # it is we who do not read
        else:
            self._arrived()
            self.transport.close()


def patient(server: uvicorn.Server) -> None:
    """Give a running server's next connections times and a share each.

    Args:
        server: as Gradio starts it, which leaves no choice of the protocol before.
    """
    config, room = server.config, Room(most=min(MOST, max(SPARE // 4, _descriptors() - SPARE)))
    room.share = min(SHARE, room.most // 2)
    config.h11_max_incomplete_event_size = HEADER_BYTES
    config.ws_protocol_class = None  # no page of ours opens a web socket, which would leave the room unseen
    config.http_protocol_class = partial(TimedProtocol, room=room)  # type: ignore[assignment]


def _descriptors() -> int:
    """How many files this process may hold open, after asking for as many as it may have."""
    if os.name != "posix":
        return WANTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
