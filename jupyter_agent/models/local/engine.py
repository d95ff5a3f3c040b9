"""The program that runs a local model: llama.cpp in a process of its own, for this machine alone, while its parent lives.

A damaged file can end the process that reads it, so no other process reads one. The parent writes one line of JSON, the
program answers with one, and the end of the parent's pipe is the end of the program.
"""

from __future__ import annotations

import json
import os
import sys
import threading

HOST = "127.0.0.1"


def main() -> None:
    """Serve the model until standard input ends."""
    wanted = json.loads(sys.stdin.readline())
    watching = threading.Thread(target=_end_with_parent, daemon=True)
    watching.start()
    answers = os.dup(1)
    os.dup2(2, 1)  # the engine's own words are no answers
    try:
        import xllamacpp
    except ImportError as error:
        reason = "missing" if error.name == "xllamacpp" else "broken"
        os.write(answers, json.dumps({"failure": reason}).encode() + b"\n")
        return
    parameters = xllamacpp.CommonParams()
    parameters.model.path = wanted["path"]
    parameters.model_alias = {wanted["name"]}
    parameters.n_ctx = wanted["context"]
    parameters.n_parallel = 1  # questions wait for each other: two at once are slower than one after the other
    # All cores would make it wait for whatever else runs: each of its steps ends with the slowest thread.
    threads = max(1, (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) - 1)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.hostnames = [HOST]
    parameters.port = 0
    parameters.api_keys = [wanted["key"]]
    parameters.cors_origins = ""
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.offline = True
    parameters.use_jinja = True
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    os.write(answers, json.dumps({"address": server.listening_address}).encode() + b"\n")
    watching.join()


def _end_with_parent() -> None:
    while sys.stdin.read(1024):
        pass
    os._exit(0)  # the engine's threads are not waited for


if __name__ == "__main__":
    main()
