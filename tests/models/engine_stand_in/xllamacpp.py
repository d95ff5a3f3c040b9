"""Stands in for the engine of local models where processes are tried out, not models: the file's text says what it does."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if "missing" in os.environ.get("ENGINE_STAND_IN", ""):
    raise ImportError("No module named 'xllamacpp'", name="xllamacpp")
if "broken" in os.environ.get("ENGINE_STAND_IN", ""):
    raise ImportError("libgomp.so.1: cannot open shared object file")


class CommonParams(SimpleNamespace):
    """Takes any parameter."""

    def __init__(self) -> None:
        super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())


class Server:
    """Answers every question with what it was started with."""

    def __init__(self, parameters: CommonParams) -> None:
        wish = Path(parameters.model.path).read_text(encoding="ascii").removeprefix("GGUF").strip()
        os.write(1, b"words of the engine on standard output\n")
        match wish:
            case "abort":
                os.abort()
            case "killed":
                os.kill(os.getpid(), 9)
            case "raise":
                raise RuntimeError("Failed to init server, please check the input params.")
            case "architecture":
                os.write(2, b"error loading model architecture: unknown model architecture: 'x'\n")
                raise RuntimeError("Failed to init server, please check the input params.")
            case "memory":
                os.write(2, b"ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer\n")
                raise RuntimeError("Failed to init server, please check the input params.")
            case "slow":
                time.sleep(60)
        http = ThreadingHTTPServer((parameters.hostnames[0], parameters.port), _handler(parameters, wish))
        threading.Thread(target=http.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{http.server_address[1]}"


def _handler(parameters: CommonParams, wish: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != f"Bearer {parameters.api_keys[0]}":
                self.send_error(401)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            known = {
                key: value
                for key, value in vars(parameters).items()
                if not key.startswith(("model", "api_keys", "cpuparams"))
            }
            known["threads"] = [parameters.cpuparams.n_threads, parameters.cpuparams_batch.n_threads]
            known |= {"model_alias": list(parameters.model_alias), "secrets": [k for k in os.environ if "CANARY" in k]}
            if wish == "die before":
                os._exit(3)
            self._say(json.dumps(known), None)
            if wish == "die":
                os._exit(3)
            self._say("", "stop")
            self.wfile.write(b"data: [DONE]\n\n")

        def _say(self, text: str, finish: str | None) -> None:
            chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
