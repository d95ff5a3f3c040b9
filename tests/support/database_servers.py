"""Real database servers for tests: started on a free port of this machine, in a folder of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """A redis-server that keeps what it acknowledged."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._places = 0
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", *self._options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while self.ask("PING") != "+PONG":
            assert time.monotonic() < until, "redis-server did not start"
            assert self.process.poll() is None, "redis-server ended"
            time.sleep(0.005)  # there is nothing to wait on before it listens

    def ask(self, command: str, seconds: float = 5) -> str:
        """The first line of its answer to an inline command; empty where it does not answer in so many seconds."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(65536).decode(errors="replace").partition("\r\n")[0]
        except OSError:
            return ""

    def empty_place(self) -> str:
        """The URL of a database without data."""
        self._places += 1
        number = self._places % 16
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"SELECT {number}\r\nFLUSHDB\r\n".encode())
            answers = b""
            while answers.count(b"+OK") < 2:
                answers += connection.recv(4096)
        return f"redis://127.0.0.1:{self.port}/{number}"

    def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        """End it."""
        self.kill()


class PostgresServer:
    """A PostgreSQL server; as root it runs as the user that the package made for it."""

    def __init__(self, *settings: str) -> None:
        self._settings = " ".join(settings)
        # Not below pytest's folder, which only its own user may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="jupyter-agent-postgres-"))
        self._data = self._folder / "data"
        self._places = 0
        self._account = "postgres" if os.geteuid() == 0 else None
        if self._account is not None:
            shutil.chown(self._folder, self._account)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(self._data)]
        self._run("initdb", *options)
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = (
            f"{self._settings} -p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        )
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def empty_place(self) -> str:
        """The URL of a schema without tables."""
        self._places += 1
        self.ask(f"CREATE SCHEMA place{self._places}")
        return f"{self.url}?options=-csearch_path%3Dplace{self._places}"

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of one statement, on a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """As a crash would: it recovers from its log when started again."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def stop(self) -> None:
        """End it and remove its data."""
        self.kill()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        binary = shutil.which(program) or str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))
        log = subprocess.DEVNULL
        subprocess.run([binary, *arguments], check=True, user=self._account, cwd=self._folder, stdout=log, stderr=log)
