"""Serves a GGUF file with llama.cpp's own server, as its users do: the real thing for tests, run as a program."""

from __future__ import annotations

import json
import sys
from typing import Any

import xllamacpp


def main(path: str, key: str, context: int) -> None:
    """Serve until standard input ends; the address is the one line of output that is JSON."""
    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.model_alias = {"tiny"}
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.use_jinja = True
    parameters.warmup = False
    parameters.fit_params = False
    parameters.ui = False
    server = xllamacpp.Server(parameters)
    sys.stdout.write("\n" + json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
