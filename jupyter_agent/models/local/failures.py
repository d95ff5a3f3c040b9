"""Why a local model does not answer, with what to do about it."""

from __future__ import annotations

from jupyter_agent.core import errors

SMALLER = "Choose a smaller model, or one with fewer bits per weight (such as Q4_K_M)."


def missing_extra() -> errors.MissingExtra:
    """The engine is not installed."""
    return errors.MissingExtra(
        "Local models need an engine that is not installed. Run `pip install 'jupyter-notebook-agent[local]'` and start Jupyter again."
    )


def no_file() -> errors.UpstreamRefused:
    """Not there, not readable, or no model: which of them is not said, for not everybody may look at all files."""
    return errors.UpstreamRefused(
        "There is no model at that place. local: takes the path of a GGUF file, or <owner>/<repository> of Hugging Face."
    )


def out_of_memory() -> errors.UpstreamRefused:
    """The system ended the process, or gave it no memory."""
    return errors.UpstreamRefused(f"The model does not fit this machine's memory. Close other kernels. {SMALLER}")


def stopped() -> errors.UpstreamError:
    """The process ended by itself; the next question starts it anew."""
    return errors.UpstreamError("The local model stopped. Ask again: it is started anew.")


def not_fetched(hub: str) -> errors.UpstreamUnreachable:
    """The connection was lost too often; what is there is kept."""
    return errors.UpstreamUnreachable(
        f"The model could not be fetched from {hub}. Ask again: it goes on where it stopped. Without a way to the web, "
        "give the path of a GGUF file; a proxy is set in c.JupyterAgent.proxy."
    )


def wrong_sum() -> errors.UpstreamError:
    """What came is not what the hub has."""
    return errors.UpstreamError("The model's file was damaged on its way. Ask again: it is fetched anew.")
