"""The fast way and the ordinary way side by side: order, slow clients, frames; and tidying up in quiet moments."""

import asyncio
import socket

import pytest
import uvloop
from websockets.frames import Frame, Opcode

from app.realtime import hub as hubs
from app.realtime.hub import Client, Hub
from app.realtime.lanes import LONGEST_QUEUE, Lane, LaneQueue, text_frame
from app.realtime.tidying import AT_LATEST, EVERY, QUIET, Tidying


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 300, 65535, 65536])
def test_a_frame_is_what_a_websocket_library_writes(size):
    text = "đ" * (size // 2) + "x" * (size % 2)
    assert text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Engine:
    """What a lane knows of the socket of Engine.IO."""

    def __init__(self, polling=False):
        self.queue, self.connected, self.upgraded = LaneQueue(), not polling, not polling
        self.closing = self.closed = False
        self.lane = None

    def handler(self):
        """Stands for the handler by which a lane finds its socket."""


class Line:
    """What a lane knows of uvicorn: here the transport is real, with a peer that reads when the test wants."""

    def __init__(self, transport):
        self.transport, self.close_sent, self.disconnected = transport, False, False
        self.writable = asyncio.Event()
        self.writable.set()

    async def send(self, message):
        await self.writable.wait()
        self.transport.write(text_frame(message["text"]))


class Flow(asyncio.Protocol):
    """Tells the line, as uvicorn's protocol does, whether the transport takes more."""

    line = None

    def pause_writing(self):
        self.line.writable.clear()

    def resume_writing(self):
        self.line.writable.set()


opened = []


async def screen(hub, sid, small=False):
    """A client of the hub over a real connection, and the other end of it."""
    here, there = socket.socketpair()
    here.setblocking(False)
    if small:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    transport, flow = await asyncio.get_running_loop().create_connection(Flow, sock=here)
    engine = Engine()
    lane = Lane(engine.handler, None)
    flow.line = lane.line = Line(transport)
    lane.transport, lane.number, lane.asgi_send = transport, here.fileno(), lane.line.send
    engine.lane = lane
    hub.enter(Client(sid, engine, {}), ("room",))
    there.settimeout(60)
    opened.append((transport, there))
    return engine, there


def frames(there, count):
    """The next texts that arrive."""
    found, data = [], b""
    while len(found) < count:
        data += there.recv(65536)
        while len(data) >= 4 and len(data) >= (size := 2 + data[1] if data[1] < 126 else 4 + int.from_bytes(data[2:4])):
            found.append(data[2 if data[1] < 126 else 4 : size].decode())
            data = data[size:]
    return found


def run(story):
    async def told():
        try:
            await story()
        finally:
            for transport, there in opened:
                transport.abort()
                there.close()
            opened.clear()
            await asyncio.sleep(0.01)

    uvloop.run(told())


def test_what_waits_in_the_queue_is_never_overtaken():
    """As python-engineio does it: taken out of the queue first, written two turns of the loop later."""

    async def story():
        hub = Hub(lambda _socket: None)
        engine, there = await screen(hub, "1")
        hub.tell("room", "fact", {"n": 1})
        engine.queue.put_nowait("ordinary")
        hub.tell("room", "fact", {"n": 2})
        first = engine.queue.get_nowait()
        hub.tell("room", "fact", {"n": 3})
        assert engine.queue.qsize() == 2, "nothing was written past what is on its way"
        await engine.lane.send(first)
        hub.tell("room", "fact", {"n": 4})
        while not engine.queue.empty():
            await engine.lane.send(engine.queue.get_nowait().encode())
        hub.tell("room", "fact", {"n": 5})
        assert engine.queue.empty(), "the fast way is open again"
        heard = await asyncio.to_thread(frames, there, 6)
        assert [text[-3] if text != "ordinary" else "o" for text in heard] == ["1", "o", "2", "3", "4", "5"]

    run(story)


def test_a_polling_socket_takes_the_ordinary_way_and_is_dropped_when_it_does_not_fetch():
    dropped = []
    hub = Hub(dropped.append)
    engine = Engine(polling=True)
    hub.enter(Client("1", engine, {}), ("room",))
    for _each in range(LONGEST_QUEUE):
        hub.tell("room", "fact", {})
    assert engine.queue.qsize() == LONGEST_QUEUE
    assert not dropped
    hub.tell("room", "fact", {})
    assert dropped == [engine]
    assert hub.cut_off == 1
    assert not hub.clients


def test_a_full_line_holds_up_nobody_and_keeps_a_bounded_heap():
    async def story():
        dropped = []
        hub = Hub(dropped.append)
        slow, _slow_end = await screen(hub, "1", small=True)
        _quick, quick_end = await screen(hub, "2")
        told = 0
        while not dropped:
            told += 1
            assert told < 5000
            hub.tell("room", "fact", {"pad": "x" * 2000})
            assert len(await asyncio.to_thread(frames, quick_end, 1)) == 1
        assert dropped == [slow]
        assert slow.lane.transport.get_write_buffer_size() < 200_000
        assert slow.queue.qsize() == LONGEST_QUEUE

    run(story)


def test_a_line_that_stays_full_is_cut_off_though_nobody_tells_it_anything():
    async def story():
        now, dropped = [0.0], []
        hub = Hub(dropped.append, clock=lambda: now[0])
        engine, _there = await screen(hub, "1", small=True)
        while not engine.lane.full:
            hub.tell("room", "fact", {"pad": "x" * 2000})
        for now[0] in (1, hubs.STALLED):
            hub.sweep()
        assert not dropped
        now[0] = hubs.STALLED + 1.5
        hub.sweep()
        assert dropped == [engine]

    run(story)


def test_a_line_that_is_gone_is_written_to_no_more():
    """The number of its file may belong to somebody else by now."""

    async def story():
        hub = Hub(lambda _socket: None)
        engine, _there = await screen(hub, "1")
        other, other_end = await screen(hub, "2")
        hub.leave("2")
        engine.lane.abort()
        engine.lane.number = other.lane.number
        hub.tell("room", "fact", {})
        other_end.setblocking(False)
        with pytest.raises(BlockingIOError):
            other_end.recv(10)

    run(story)


def test_whoever_leaves_leaves_nothing_behind():
    hub = Hub(lambda _socket: None)
    hub.enter(Client("1", Engine(polling=True), {}), ("room", "person:1"))
    hub.leave("1")
    hub.leave("1")
    assert (hub.clients, hub._rooms) == ({}, {})


def test_it_is_tidied_up_when_nobody_waits_for_it():
    now, done = [0.0], []
    tidying = Tidying(lambda: now[0], lambda: done.append(now[0]) or 0)
    assert not tidying.look(told_at=0), "too early"
    now[0] = EVERY + 1
    assert not tidying.look(told_at=now[0] - QUIET / 2), "somebody was told something a moment ago"
    assert tidying.look(told_at=0)
    now[0] += AT_LATEST
    assert tidying.look(told_at=now[0]), "but not never"
    assert len(done) == 2
