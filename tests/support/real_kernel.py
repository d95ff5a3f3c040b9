"""Code in a real kernel."""

from __future__ import annotations

from jupyter_agent.kernels.remote import RemoteKernel


async def run(kernel: RemoteKernel, code: str) -> str:
    """What it displays; it must not fail."""
    result = await kernel.execute(code, timeout=20)
    assert result.status == "ok", result
    return result.text
