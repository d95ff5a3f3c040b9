"""Makes kernelside's source travel: one expression that any IPython kernel can evaluate, installed or not."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

#: The package's name in the kernel, and the shell's attribute that keeps it; another one than ours, so that an installed
#: release is never mixed with it.
PACKAGE = "_jupyter_agent_kernelside"
#: The key of the answer among the reply's user expressions.
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
def sources() -> Mapping[str, str]:
    """Module name in the kernel → source, the package itself first."""
    root = Path(str(files("jupyter_agent.kernelside")))
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*.py"), key=lambda path: (path.name != "__init__.py", path)):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
        found[name] = path.read_text(encoding="utf-8")
    return found


@cache
def source_hash() -> str:
    """SHA-256 (hex) of all that travels; the same hash means: nothing to install."""
    return hashlib.sha256(json.dumps(sources(), sort_keys=True).encode("utf-8")).hexdigest()


@cache
def _packed() -> str:
    return base64.b64encode(zlib.compress(json.dumps(sources()).encode("utf-8"), 9)).decode("ascii")


def bootstrap(options: Mapping[str, Any]) -> str:
    """An expression that installs kernelside in the kernel that evaluates it, and yields the source's hash.

    It binds no name in the user's namespace, and uses none. Where the same source is installed, it only hands over
    the options.

    Args:
        options: JSON data for ``kernelside.install``.
    """
    constants = (
        f"PACKAGE = {PACKAGE!r}\nSOURCE_HASH = {source_hash()!r}\nSOURCES = {_packed()!r}\n"
        f"import json\nOPTIONS = json.loads({json.dumps(dict(options))!r})\n"
    )
    code = constants + _LOADER
    return (
        f"(lambda b, n: (b['exec'](b['compile']({code!r}, '<jupyter-agent>', 'exec', 0, True), n), n['RESULT'])[1])"
        f"({BUILTINS}, {{'__builtins__': {BUILTINS}, '__name__': '<jupyter-agent>'}})"
    )
