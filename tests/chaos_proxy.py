"""A TCP proxy that breaks connections as it is told: between a client and a broker that advertises the proxy's port.

`with ChaosProxy(broker.hidden_port, broker.chaos_port) as proxy: proxy.set("reset")`. Any TCP service will do; port 0
takes a free one. `harmed` counts what each mode did, so that a test can show that its fault has really happened.
"""

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress

MODES = ("ok", "reset", "blackhole", "refuse", "slow", "cut")
"""`reset`: connections end with RST, old and new. `blackhole`: they stay, and nothing goes through until it heals.
`refuse`: old ones are reset, nobody listens. `slow`: `rate` bytes a second. `cut`: RST in the midst, after `after` bytes."""

_BLOCK = 64 << 10


def plan(seed, faults, longest=2.0):
    """Return (mode, settings, seconds) of so many faults; the same ones for the same seed."""
    rng = random.Random(seed)
    modes = [mode for _ in range(-(-faults // 5)) for mode in rng.sample(MODES[1:], 5)][:faults]
    settings = {
        "slow": lambda: {"rate": rng.randint(20_000, 200_000)},
        "cut": lambda: {"after": rng.randint(1, 50_000)},
    }
    return [(mode, settings.get(mode, dict)(), rng.uniform(0.2, longest)) for mode in modes]


class ChaosProxy:
    """Listens at `port` and hands everything on to `upstream` on loopback, but for the fault of the hour."""

    def __init__(self, upstream, port=0):
        self.upstream = upstream
        self.port = port
        self.harmed = Counter()
        self._mode, self._rate, self._after = "ok", _BLOCK, 0
        self._writers = set()
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos proxy", daemon=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        self._thread.start()
        self._call(self._prepare())
        return self

    def __exit__(self, *_):
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, mode, *, rate=_BLOCK, after=0):
        """Change the mode; when this returns it is in force."""
        assert mode in MODES
        self._call(self._change(mode, rate, after))

    def play(self, faults, stop=None, between=1.0):
        """Make the faults of a plan one after the other, `between` seconds of peace after each, until `stop` is set."""
        stop = stop or threading.Event()
        for mode, settings, seconds in faults:
            self.set(mode, **settings)
            stop.wait(seconds)
            self.set("ok")
            if stop.wait(between):
                break

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _prepare(self):
        self._flows = asyncio.Event()
        self._flows.set()
        await self._listen()

    async def _listen(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _change(self, mode, rate, after):
        self._mode, self._rate, self._after = mode, rate, after
        (self._flows.clear if mode == "blackhole" else self._flows.set)()
        if mode in ("reset", "refuse"):
            self._reset_all()
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        elif mode != "refuse" and self._server is None:
            await self._listen()

    async def _end(self):
        await self._change("refuse", _BLOCK, 0)
        until = self._loop.time() + 10
        while tasks := asyncio.all_tasks(self._loop) - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=1)  # their connections are reset: they end by themselves
            self._reset_all()  # and what was accepted in the meantime
            assert self._loop.time() < until, tasks
        await asyncio.sleep(0)  # what is reset is closed in the next round

    def _reset_all(self):
        for writer in list(self._writers):
            self.harmed[self._mode] += 1
            _reset(writer)

    async def _serve(self, reader, writer):
        if self._mode in ("reset", "refuse"):
            self.harmed[self._mode] += 1
            _reset(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back, writer), self._pump(there, writer, back))
        finally:
            self._writers -= {writer, back}
            _reset(writer)
            _reset(back)

    async def _pump(self, reader, writer, other):
        """Carry bytes one way; the end of one way is the end of both."""
        carried = 0
        with suppress(OSError):
            while data := await reader.read(_BLOCK if self._mode != "slow" else max(1, self._rate // 10)):
                if not self._flows.is_set():
                    self.harmed["blackhole"] += 1
                    await self._flows.wait()
                if self._mode == "slow":
                    self.harmed["slow"] += 1
                    await asyncio.sleep(len(data) / self._rate)
                if self._mode == "cut" and carried + len(data) >= self._after:
                    self.harmed["cut"] += 1
                    writer.write(data[: max(0, self._after - carried)])
                    break
                carried += len(data) if self._mode == "cut" else 0
                writer.write(data)
                await writer.drain()
        _reset(other)
        _reset(writer, flush=True)


def _reset(writer, *, flush=False):
    """End a connection with RST; what was written before may still go out when `flush`."""
    held = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0 and not flush:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    (writer.close if flush else writer.transport.abort)()
