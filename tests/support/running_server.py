"""A real Jupyter server in a process of its own, and a front end's view of its kernels."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_client.asynchronous.client import AsyncKernelClient
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

import jupyter_agent
from tests.support.front_end import FrontEnd

TOKEN = "token-of-this-test"
LISTENING = (
    b"jupyter_server_terminals | extension was successfully started"  # told at debug level, after the port is bound
)
RUNNING = b"Use Control-C to stop this server"  # told at any level, once the port is bound
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


class RunningServer:
    """One server process.

    Args:
        home: Holds everything it writes; servers that share it are the same user's.
        environment: On top of a clean one.
        extension: Whether it has ours.
        is_debugged: Whether it logs all that it does, which takes it time; else it logs as a server does that people start.

    Attributes:
        environment: That the next start has.
    """

    def __init__(
        self, home: Path, environment: Mapping[str, str], *, extension: bool = True, is_debugged: bool = True
    ) -> None:
        self.home = home
        self._extension = extension
        self._is_debugged = is_debugged
        self.root = home / "notebooks"
        self.runtime = home / "runtime"
        self._lines: list[str] = []
        self.url = ""
        self.token = TOKEN
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(
                Path(jupyter_agent.__file__).parents[1]
            ),  # that the server and its kernels are of this checkout
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "IPYTHONDIR": str(home / "ipython"),
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self.root.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "jupyter_server",
                "--allow-root",
                "--no-browser",
                "--port=0",
                "--ip=127.0.0.1",
                *(["--debug"] if self._is_debugged else []),
            ),
            *(f"--ServerApp.root_dir={self.root}", f"--IdentityProvider.token={TOKEN}"),
            f"--ServerApp.jpserver_extensions=jupyter_agent={self._extension}",
            cwd=self.root,
            env=self.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        listening = asyncio.Event()
        self._reading = asyncio.create_task(self._read(listening))
        await asyncio.wait_for(listening.wait(), 60)
        self.url = ADDRESS.findall(self.log)[-1]

    async def _read(self, listening: asyncio.Event) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._lines.append(line.decode())
            if (LISTENING if self._is_debugged else RUNNING) in line:
                listening.set()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return "".join(self._lines)

    def memory(self, field: str = "VmRSS") -> int:
        """KiB that it has in memory, or, of ``VmHWM``, has had at most."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field))

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end.

        Returns:
            The exit code.
        """
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        try:
            code = await asyncio.wait_for(self._process.wait(), 30)
        except TimeoutError:
            # Jupyter's handler logs first, and in the middle of another line of the log that raises: the signal is lost.
            if "reentrant call inside" not in self.log:
                raise AssertionError(f"the server does not end: {self.log[-2000:]}") from None
            self._process.send_signal(how)
            code = await asyncio.wait_for(self._process.wait(), 30)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        return code

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask over HTTP; the status and the JSON."""
        response = await AsyncHTTPClient().fetch(
            HTTPRequest(
                self.url + path,
                method,
                {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
                None if body is None else json.dumps(body),
                request_timeout=60,
                allow_nonstandard_methods=True,
            ),
            raise_error=False,
        )
        return response.code, json.loads(response.body) if response.body else None

    async def approval(self, turn_id: str) -> Any:
        """What a running turn asks its user."""
        async for name, data in self.stream(None, path=f"turns/{turn_id}/events"):
            if name == "approval":
                return data
        raise AssertionError("the turn asked nothing")

    async def stream(
        self, body: Any, silence: float = 30, path: str = "quick"
    ) -> AsyncGenerator[tuple[str, Any], None]:
        """Ask, and give the events as they come; at most so many seconds without one."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        data = b"" if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        head = f"{method} /api/agent/{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {TOKEN}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + data)
        name = ""
        try:
            while line := await asyncio.wait_for(reader.readline(), silence):
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                    yield name, json.loads(line[6:])
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def open_notebook(self, path: str) -> str:
        """Start a kernel for a notebook, as a front end does; its id."""
        status, session = await self(
            "POST", "api/sessions", {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        )
        assert status == 201
        return str(session["kernel"]["id"])

    @asynccontextmanager
    async def front_end(self, kernel_id: str) -> AsyncIterator[FrontEnd]:
        """A client of the kernel with an identity of its own."""
        client = AsyncKernelClient(connection_file=str(self.runtime / f"kernel-{kernel_id}.json"))
        client.load_connection_file()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            yield FrontEnd(client)
        finally:
            client.stop_channels()


async def server_answers(server: RunningServer) -> None:
    """Jupyter tells its address a moment before it listens there."""
    async with asyncio.timeout(30):
        while True:
            try:
                await server("GET", "api/status")
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                return
