"""Why a local model does not answer, with the cure in words."""

from __future__ import annotations

from jupyter_agent.core import errors

_SMALLER = "Choose a smaller model, or one with fewer bits per weight (such as Q4_K_M)."


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def missing_extra() -> errors.MissingExtra:
    """The engine is not installed."""
    return errors.MissingExtra(
        "Local models need an engine that is not installed. Run `pip install 'jupyter-notebook-agent[local]'` and start Jupyter again."
    )


def broken_extra() -> errors.MissingExtra:
    """The engine is installed and cannot be loaded."""
    return errors.MissingExtra(
        "The engine for local models (xllamacpp) cannot be loaded on this machine. Reinstall it, or use a server of "
        "models, such as Ollama."
    )


def unnamed(known: tuple[str, ...]) -> errors.UpstreamRefused:
    """No model is named and none was fetched yet."""
    has = f" There are: {', '.join(known[:10])}." if known else ""
    return errors.UpstreamRefused(
        "Name a local model: local:<path of a GGUF file>, or local:<owner>/<repository> of Hugging Face, such as "
        f"local:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF (1.1 GB, fetched once).{has}"
    )


def no_file() -> errors.UpstreamRefused:
    """Not there, not readable, or no model: which of them is not said, for not everybody may look at all files."""
    return errors.UpstreamRefused(
        "There is no model at that place. local: takes the path of a GGUF file, or <owner>/<repository> of Hugging Face."
    )


def too_large(needed: int, free: int) -> errors.UpstreamRefused:
    """The machine has not that much memory."""
    return errors.UpstreamRefused(
        f"The model needs {size(needed)} of memory, and {size(free)} are free. Close other kernels. {_SMALLER}"
    )


def out_of_memory() -> errors.UpstreamRefused:
    """The system ended the process, or gave it no memory."""
    return errors.UpstreamRefused(f"The model does not fit this machine's memory. Close other kernels. {_SMALLER}")


def too_new() -> errors.UpstreamRefused:
    """The engine does not know this kind of model."""
    return errors.UpstreamRefused(
        "The engine does not know this kind of model yet. Run `pip install --upgrade xllamacpp`, or choose another model."
    )


def damaged() -> errors.UpstreamRefused:
    """The engine cannot read the file."""
    return errors.UpstreamRefused(
        "The model's file is damaged, or of a kind that the engine does not read. Fetch it again, or choose another."
    )


def still_loading() -> errors.UpstreamTimeout:
    """The time was not enough to read the file."""
    return errors.UpstreamTimeout("The local model is still being loaded. Ask again in a moment.")


def stopped() -> errors.UpstreamError:
    """The process ended by itself; the next question starts it anew."""
    return errors.UpstreamError("The local model stopped. Ask again: it is started anew.")


def still_fetching(name: str, progress: str) -> errors.UpstreamError:
    """The time was not enough to fetch the file."""
    return errors.UpstreamError(f"{name} is still being fetched{progress}, and goes on. Ask again in some minutes.")


def not_on_hub(name: str, hub: str) -> errors.UpstreamRefused:
    """No such repository, or one that must be asked for."""
    return errors.UpstreamRefused(
        f"{hub} has no model '{name[:100]}', or it must be agreed to there first (then set HF_TOKEN). Check the name."
    )


def no_weights(name: str, files: tuple[str, ...]) -> errors.UpstreamRefused:
    """The repository has nothing that the engine reads, or not what was named."""
    if files:
        return errors.UpstreamRefused(f"'{name[:100]}' has no such file. It has: {', '.join(files[:12])}.")
    return errors.UpstreamRefused(
        f"'{name[:100]}' has no GGUF file in one piece. Look for a repository whose name ends with -GGUF."
    )


def no_room(needed: int, free: int) -> errors.UpstreamRefused:
    """The disk is full."""
    return errors.UpstreamRefused(f"The model needs {size(needed)} on the disk, and {size(free)} are free. Make room.")


def not_fetched(hub: str) -> errors.UpstreamUnreachable:
    """The connection was lost too often; what is there is kept."""
    return errors.UpstreamUnreachable(
        f"The model could not be fetched from {hub}. Ask again: it goes on where it stopped. Without a way to the web, "
        "give the path of a GGUF file; a proxy is set in c.JupyterAgent.proxy."
    )


def wrong_sum() -> errors.UpstreamError:
    """What came is not what the hub has."""
    return errors.UpstreamError("The model's file was damaged on its way. Ask again: it is fetched anew.")


def not_written(why: str) -> errors.UpstreamRefused:
    """The cache folder takes nothing."""
    return errors.UpstreamRefused(
        f"The model cannot be kept in the cache folder ({why or 'unknown reason'}). Make room there, or give the path of a GGUF file."
    )
