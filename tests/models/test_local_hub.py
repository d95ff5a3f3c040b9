"""Files of models from a hub: the right one chosen, fetched once, resumed, checked, and nothing else believed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, TextDelta, Waiting
from jupyter_agent.models.local.hub import Hub
from jupyter_agent.models.local.model import LocalModel
from tests.support.fake_model_server import ModelServer, answer, plain, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA = b"GGUF" + bytes(range(256)) * 12_000  # three pieces
Q4, Q8 = "tiny-Q4_K_M.gguf", "tiny-Q8_0.gguf"


@dataclass
class FakeHub:
    """What a hub has, and how it misbehaves."""

    server: ModelServer
    files: dict[str, bytes] = field(default_factory=lambda: {Q8: b"GGUF other", Q4: DATA, "README.md": b"hi"})
    sums: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    hangs_up_after: int | None = None
    resumes: bool = True
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def fetches(self) -> list[str]:
        """Ranges that files were asked for with."""
        return [request.headers.get("range", "") for request in self.server.asked if "/resolve/" in request.line]

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        asked = self.server.asked[-1]
        path = asked.line.split()[1]
        if path.startswith("/api/models/"):
            writer.write(plain(200, self.listing()).encode())
        else:
            data = self.files[path.rpartition("/")[2]]
            start = int(re.sub(r"\D", "", asked.headers.get("range", "0"))) if self.resumes else 0
            status = "206 Partial Content" if start else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(data) - start}\r\n\r\n".encode())
            cut, self.hangs_up_after = self.hangs_up_after, None
            writer.write(data[start:] if cut is None else data[start : start + cut])
            if cut == 0:
                self.begun.set()
                await self.go_on.wait()
        await writer.drain()

    def listing(self) -> dict[str, Any]:
        siblings = [
            {
                "rfilename": name,
                "size": self.sizes.get(name, len(data)),
                "lfs": {"sha256": self.sums.get(name, hashlib.sha256(data).hexdigest())},
            }
            for name, data in self.files.items()
        ]
        return {"id": "me/tiny", "sha": "abc123", "siblings": siblings}


@asynccontextmanager
async def hub_at(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[tuple[FakeHub, Hub]]:
    async with running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.base_url.removesuffix("/v1"))
        fake = FakeHub(server)
        server.queue(fake.answer)
        yield fake, Hub(folder, pause_seconds=0.001)


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)


def nothing(here: int, whole: int) -> None:
    """Progress that nobody looks at."""


async def test_the_usual_file_is_fetched_with_progress_and_is_there_from_then_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        assert hub.fetched("me/tiny") is None
        path = await hub.fetch("me/tiny", lambda *one: seen.append(one))
    assert path == tmp_path / "me" / "tiny" / Q4
    assert path.read_bytes() == DATA
    assert hub.fetched("me/tiny") == hub.fetched("me/tiny:q4_k_m") == hub.fetched(f"me/tiny/{Q4}") == path
    assert hub.fetched("me/tiny:Q8_0") is None
    assert hub.all_fetched() == (f"me/tiny/{Q4}",)
    assert list(tmp_path.rglob("*.part")) == []
    assert seen[0] == (0, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))
    assert len(seen) >= 3
    assert [request.line.split()[1] for request in fake.server.asked] == [
        "/api/models/me/tiny?blobs=true",
        f"/me/tiny/resolve/abc123/{Q4}",
    ]
    assert "authorization" not in fake.server.asked[0].headers


@pytest.mark.parametrize(
    ("name", "file"), [("me/tiny:Q8_0", Q8), ("me/tiny:q8", Q8), (f"me/tiny/{Q8}", Q8), ("me/tiny:q4", Q4)]
)
async def test_other_weights_are_fetched_by_their_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, file: str
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (_, hub):
        assert (await hub.fetch(name, nothing)).name == file


async def test_of_unusual_files_the_smallest_is_fetched_and_never_a_part_or_a_projector(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.files = {
            "m-00001-of-00002.gguf": b"GGUF",
            "mmproj-f16.gguf": b"GGUF",
            "large.gguf": b"GGUF large",
            "small.gguf": b"GGUF s",
        }
        assert (await hub.fetch("me/tiny", nothing)).name == "small.gguf"
        fake.files = {"m-00001-of-00002.gguf": b"GGUF", "model.safetensors": b"x"}
        with pytest.raises(errors.UpstreamRefused, match="no GGUF file in one piece"):
            await hub.fetch("me/tiny", nothing)


async def test_a_file_that_the_repository_has_not_is_told_with_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (_, hub):
        with pytest.raises(errors.UpstreamRefused, match=f"no such file. It has: {Q8}, {Q4}"):
            await hub.fetch("me/tiny:Q2_K", nothing)


@pytest.mark.parametrize("resumes", [True, False])
async def test_a_connection_that_is_lost_is_taken_up_where_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, resumes: bool
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.hangs_up_after, fake.resumes = 2 << 20, resumes
        path = await hub.fetch("me/tiny", nothing)
        assert path.read_bytes() == DATA
        assert fake.fetches == ["", f"bytes={2 << 20}-"]


async def test_what_was_fetched_before_jupyter_ended_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    part = tmp_path / "me" / "tiny" / f"{Q4}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA[:1000])
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        assert (await hub.fetch("me/tiny", nothing)).read_bytes() == DATA
        assert fake.fetches == ["bytes=1000-"]


@pytest.mark.parametrize("there", [DATA, DATA + b"more"])
async def test_a_part_that_is_whole_is_not_fetched_and_one_that_is_too_long_is_fetched_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bytes
) -> None:
    part = tmp_path / "me" / "tiny" / f"{Q4}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(there)
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        assert (await hub.fetch("me/tiny", nothing)).read_bytes() == DATA
        assert fake.fetches == ([] if there == DATA else [""])


async def test_a_file_that_is_not_what_the_hub_says_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.sums[Q4] = "0" * 64
        with pytest.raises(errors.UpstreamError, match="damaged on its way"):
            await hub.fetch("me/tiny", nothing)
        assert list(tmp_path.rglob("*.gguf*")) == []
        fake.sums.clear()
        assert (await hub.fetch("me/tiny", nothing)).read_bytes() == DATA


async def test_more_than_the_hub_has_said_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.sizes[Q4] = 1 << 20
        with pytest.raises(errors.UpstreamError, match="damaged on its way"):
            await hub.fetch("me/tiny", nothing)


async def test_a_model_that_does_not_fit_the_disk_is_not_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.sizes[Q4] = shutil.disk_usage(tmp_path).total * 2
        with pytest.raises(errors.UpstreamRefused, match="on the disk"):
            await hub.fetch("me/tiny", nothing)
        assert fake.fetches == []


async def test_a_folder_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "me").write_text("a file")
    async with hub_at(monkeypatch, tmp_path) as (_, hub):
        with pytest.raises(errors.UpstreamRefused, match="cache folder") as caught:
            await hub.fetch("me/tiny", nothing)
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_name_that_the_hub_does_not_know_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.server.answers[:] = [plain(status, {"error": "Repository not found"})]
        with pytest.raises(errors.UpstreamRefused, match=r"no model 'me/tiny'.*HF_TOKEN"):
            await hub.fetch("me/tiny", nothing)
        assert len(fake.server.asked) == 1


@pytest.mark.parametrize(
    "answer", [plain(500), plain(200, "<html>", "text/html"), plain(200, {"siblings": 7}), plain(200, "[" * 99_999), ""]
)
async def test_a_hub_that_talks_nonsense_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.server.answers[:] = [answer]
        with pytest.raises(errors.UpstreamUnreachable, match="goes on where it stopped"):
            await hub.fetch("me/tiny", nothing)
        assert len(fake.server.asked) == 5


@pytest.mark.parametrize("file", ["../../evil.gguf", "/etc/evil.gguf", "a\\..\\evil.gguf", "C:evil.gguf", "a//b.gguf"])
async def test_a_file_name_of_the_hubs_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    async with hub_at(monkeypatch, tmp_path / "in") as (fake, hub):
        fake.files = {file: b"GGUF"}
        with pytest.raises(errors.UpstreamRefused):
            await hub.fetch("me/tiny", nothing)
    assert list(tmp_path.rglob("*.gguf*")) == []


@pytest.mark.parametrize(
    "name", ["", "tiny", "a/b/c", "../x", "a b/c", "me/tiny:", "me/tiny/x.bin", "me/tiny/../../x.gguf", "https://x/y"]
)
async def test_what_is_no_name_of_a_model_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        with pytest.raises(errors.UpstreamRefused, match="no model at that place"):
            await hub.fetch(name, nothing)
        assert fake.server.asked == []


async def test_storage_elsewhere_is_followed_without_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    async with running() as storage, hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.files = {Q4: b"GGUF small"}
        storage.queue(plain(200, "GGUF small", "application/octet-stream"))
        moved = plain(302, headers=f"Location: {storage.base_url}/{Q4}\r\n")
        fake.server.answers[:] = [fake.answer, moved]
        assert (await hub.fetch("me/tiny", nothing)).read_bytes() == b"GGUF small"
        assert [request.headers.get("authorization") for request in fake.server.asked] == ["Bearer hf_canary"] * 2
        assert "authorization" not in storage.asked[0].headers


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/y", "http://169.254.169.254/latest", "//["])
async def test_L22_L23_a_redirect_to_a_forbidden_place_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.server.answers[:] = [fake.answer, plain(302, headers=f"Location: {target}\r\n")]
        with pytest.raises(errors.UpstreamError):
            await hub.fetch("me/tiny", nothing)
    assert list(tmp_path.rglob("*.gguf")) == []


async def test_a_circle_of_redirects_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, hub):
        fake.server.answers[:] = [plain(302, headers="Location: /round\r\n")]
        with pytest.raises(errors.UpstreamUnreachable):
            await hub.fetch("me/tiny", nothing)
        assert len(fake.server.asked) <= 25


# Through the model ----------------------------------------------------------------------------


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LocalModel:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "engine_stand_in"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return LocalModel.from_config(JupyterAgent(), "me/tiny")


async def test_a_question_waits_for_its_model_and_two_fetch_it_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: LocalModel
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, _):
        fake.files = {Q4: b"GGUF "}
        first, second = await asyncio.gather(answer(model, seconds=30), answer(model, seconds=30))
        assert first[-1] == second[-1] == ModelFinished("stop")
        assert fake.fetches == [""]
        await model.close()
    shown = "".join(event.text for event in first if isinstance(event, TextDelta))
    assert json.loads(shown)["n_ctx"] == 12096


async def test_a_question_whose_time_is_over_says_how_far_its_model_is_and_it_is_fetched_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: LocalModel
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, _):
        fake.files, fake.hangs_up_after = {Q4: b"GGUF "}, 0
        with pytest.raises(errors.UpstreamError, match=r"me/tiny is still being fetched: 0 bytes of 5 bytes \(0 %\)"):
            await answer(model, seconds=2.5)
        fake.go_on.set()
        waited = await answer(model, seconds=30)
        assert waited[-1] == ModelFinished("stop")
        assert fake.fetches == ["", ""]
        assert all("me/tiny" in event.text for event in waited if isinstance(event, Waiting) and "Fetch" in event.text)
        await model.close()


async def test_closing_stops_fetching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: LocalModel) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, _):
        fake.hangs_up_after = 0
        asking = asyncio.create_task(answer(model, seconds=30))
        await asyncio.wait_for(fake.begun.wait(), 10)
        await model.close()
        with pytest.raises(errors.UpstreamError, match="stopped"):
            await asking
        await asyncio.wait_for(fake.server.left.wait(), 5)


async def test_what_keeps_a_model_from_being_fetched_ends_the_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: LocalModel
) -> None:
    async with hub_at(monkeypatch, tmp_path) as (fake, _):
        fake.files = {"README.md": b"hi"}
        with pytest.raises(errors.UpstreamRefused, match="no GGUF file"):
            await answer(model, seconds=30)
        fake.files = {Q4: b"GGUF "}
        assert (await answer(model, seconds=30))[-1] == ModelFinished("stop")
        await model.close()
