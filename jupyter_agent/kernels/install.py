"""Installs kernelside in kernels: its source as one expression, sent with the first request and again when it is lost."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jupyter_agent.core.kernel_state import KernelStatus
from jupyter_agent.kernels.rpc import KernelRpc, execute_request
from jupyter_agent.kernelside.wire import REQUEST

BUSY_BEFORE_INSTALL = "The kernel is busy; its variables are known when the running cell ends."
#: Seconds before the source is sent again, and how often that wait doubles.
_RESEND = 5.0
_RESENDS = 6

#: The package's name in the kernel, and the shell's attribute that keeps it; another one than ours, so that an installed
#: release is never mixed with it.
PACKAGE = "_jupyter_agent_kernelside"
#: Key of our result among a reply's user expressions.
EXPRESSION = "jupyter_agent"

#: Python's own `builtins` by a way that no name of the user can cross: every name may be shadowed or deleted.
BUILTINS = (
    "[c for c in ().__class__.__base__.__subclasses__() "
    "if ().__class__.__class__.__dict__['__name__'].__get__(c) == '_ModuleLock'][0]"
    ".__init__.__globals__['sys'].modules['builtins'].__dict__"
)

# The modules are kept by the shell, not in `sys.modules`: there they would be the user's to trip over. Imports among them
# therefore go through an import function of their own.
_LOADER = """
import builtins

def _build():
    import base64, json, types, zlib
    sources = json.loads(zlib.decompress(base64.b64decode(SOURCES)))
    modules = {}

    def load(name):
        if name not in modules:
            modules[name] = module = types.ModuleType(name)
            module.__builtins__ = dict(builtins.__dict__, __import__=find)
            if name != PACKAGE:
                parent, _, leaf = name.rpartition(".")
                setattr(load(parent), leaf, module)
            is_folder = any(other.startswith(name + ".") for other in sources)
            module.__package__ = name if is_folder else name.rpartition(".")[0]
            code = compile(sources[name], "<" + name + ">", "exec", dont_inherit=True)
            exec(code, module.__dict__)
        return modules[name]

    def find(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0:
            return builtins.__import__(name, globals, locals, fromlist, level)
        base = globals["__package__"].split(".")
        package = load(".".join(base[: len(base) - level + 1] + ([name] if name else [])))
        for attribute in fromlist:
            if not hasattr(package, attribute):
                if package.__name__ + "." + attribute not in sources:
                    raise ImportError(attribute)
                load(package.__name__ + "." + attribute)
        return package

    for name in sources:
        load(name)
    package = modules[PACKAGE]
    package.SOURCE_HASH = SOURCE_HASH
    return package

def _install():
    from IPython.core.getipython import get_ipython
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    # xeus-python has IPython's shell, too, but neither this name nor a control channel that we could answer on.
    if getattr(kernel, "implementation", "") != "ipython" or not hasattr(kernel, "control_handlers"):
        raise TypeError("not ipykernel")
    package = shell.__dict__.get(PACKAGE)
    if package is None or package.SOURCE_HASH != SOURCE_HASH:
        if package is not None:
            package.uninstall()
        package = shell.__dict__[PACKAGE] = _build()
    package.install(shell, OPTIONS)
    return SOURCE_HASH

RESULT = _install()
"""


@cache
def packed_sources() -> tuple[str, str]:
    """SHA-256 (hex) of kernelside's source, and the source as text for `_LOADER`: module names → sources, compressed.

    Where the kernel has a source of the same hash, nothing needs to be installed.
    """
    root = Path(str(files("jupyter_agent.kernelside")))
    sources: dict[str, str] = {}
    # The package itself comes first.
    for path in sorted(root.rglob("*.py"), key=lambda path: (path.name != "__init__.py", path)):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
        sources[name] = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode("utf-8")).hexdigest()
    return digest, base64.b64encode(zlib.compress(json.dumps(sources).encode("utf-8"), 9)).decode("ascii")


def bootstrap(options: Mapping[str, Any]) -> str:
    """An expression that installs kernelside in the kernel that evaluates it, and returns the source's hash.

    It binds no name in the user's namespace, and uses none. Where the same source is installed, it only sets the
    options, which are JSON data for ``kernelside.install``.
    """
    source_hash, sources = packed_sources()
    code = (
        f"PACKAGE = {PACKAGE!r}\nSOURCE_HASH = {source_hash!r}\nSOURCES = {sources!r}\n"
        f"import json\nOPTIONS = json.loads({json.dumps(dict(options))!r})\n{_LOADER}"
    )
    return (
        f"(lambda b, n: (b['exec'](b['compile']({code!r}, '<jupyter-agent>', 'exec', 0, True), n), n['RESULT'])[1])"
        f"({BUILTINS}, {{'__builtins__': {BUILTINS}, '__name__': '<jupyter-agent>'}})"
    )


class Unreadable(Exception):
    """The kernel's state cannot be read now.

    Attributes:
        reason: Why, as a sentence.
        status: What the kernel does.
    """

    def __init__(self, reason: str, status: KernelStatus) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


async def install(rpc: KernelRpc, options: Mapping[str, Any]) -> None:
    """Install kernelside in a kernel, with `options` as `bootstrap` takes them.

    Raises:
        Unreadable: it cannot run in this kernel, or the kernel is busy for too long.
        Restarted: the kernel was restarted meanwhile.
    """
    content = execute_request("", {EXPRESSION: bootstrap(options)})
    for attempt in range(_RESENDS):
        try:
            async with asyncio.timeout(_RESEND * 2**attempt):
                reply = await rpc.request("shell", "execute_request", content)
        except TimeoutError:
            # Another client of this kernel may have installed the same source meanwhile.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    hello = await rpc.request("control", REQUEST, {"op": "hello"})
                    if hello.get("source_hash") == packed_sources()[0]:
                        return
            continue
        if reply.get("status") == "aborted":
            continue
        result = (reply.get("user_expressions") or {}).get(EXPRESSION) or {}
        if result.get("status") == "ok":
            return
        info = await rpc.request("control", "kernel_info_request", {})
        implementation = str(info.get("implementation", ""))
        if implementation == "ipython":
            raise Unreadable(f"The kernel's variables cannot be read: {str(result.get('evalue', ''))[:200]}", "unknown")
        language = str((info.get("language_info") or {}).get("name", "")) or "unknown"
        raise Unreadable(
            f"Variables cannot be read in this kernel (language {language[:40]}, implementation {implementation[:40]}): "
            "only its cells and outputs are known.",
            "unknown",
        )
    raise Unreadable(BUSY_BEFORE_INSTALL, "busy")
