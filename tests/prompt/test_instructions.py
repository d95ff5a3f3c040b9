"""What instructs the model: who counts, in which order, within which share of the request."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent.config.user_settings import choose_instructions
from jupyter_agent.core.instructions import InstructionFile
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.notebooks.instruction_files import LocalProject
from jupyter_agent.prompt import instructions, request
from jupyter_agent.prompt.instructions import Instructions, State
from jupyter_agent.prompt.snapshot import TurnContext
from jupyter_agent.redaction.redactor import Redactor


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr("jupyter_agent.notebooks.instruction_files.RECENT_SECONDS", 0.0)
    return tmp_path


def used(*files: InstructionFile, state: State = "used") -> Instructions:
    return Instructions(tuple((file, state) for file in files))


def of_project(path: str, text: str) -> InstructionFile:
    return InstructionFile("project", path, text)


def skill(name: str, description: str = "Makes charts.") -> InstructionFile:
    return InstructionFile("project", f".agents/skills/{name}/SKILL.md", f"all of {name}", name, description)


async def test_a_projects_text_counts_once_its_user_has_accepted_just_that_text(home: Path) -> None:
    path = home / "AGENTS.md"
    path.write_text("Answer in haiku.", encoding="utf-8")
    project = LocalProject(home, home)

    async def states(user: str = "") -> list[str]:
        return [state for _, state in (await instructions.gather("", user, project, is_fresh=True)).found]

    found = await instructions.gather("", "", project, is_fresh=True)
    assert await states() == ["asked"]
    assert (found.texts, dict(found.skills)) == ((), {})
    assert "AGENTS.md" in found.warnings[0]
    digest = found.found[0][0].digest
    choose_instructions("", digest, True)
    assert await states() == ["used"]
    assert await states("bob") == ["asked"]
    path.write_text("Answer in verse.", encoding="utf-8")
    assert await states() == ["asked"]
    path.write_text("Answer in haiku.", encoding="utf-8")
    choose_instructions("", digest, False)
    assert await states() == ["declined"]
    choose_instructions("", digest, None)
    assert await states() == ["asked"]


async def test_J10_where_the_answers_cannot_be_read_no_projects_text_counts(home: Path) -> None:
    (home / "AGENTS.md").write_text("Answer in haiku.", encoding="utf-8")
    project = LocalProject(home, home)
    (file, _), *_ = (await instructions.gather("", "", project)).found
    choose_instructions("", file.digest, True)
    (home / "JUPYTER_DATA_DIR" / "jupyter-agent" / "settings.json").write_text("{", encoding="utf-8")
    found = await instructions.gather("", "", project, is_fresh=True)
    assert found.texts == ()
    assert any("cannot be read" in warning for warning in found.warnings)


async def test_the_files_of_the_home_folder_are_those_of_the_one_user(home: Path) -> None:
    folder = home / "JUPYTER_CONFIG_DIR" / "jupyter-agent"
    folder.mkdir(parents=True)
    (folder / "AGENTS.md").write_text("Be brief.", encoding="utf-8")
    found = await instructions.gather("Never name customers.", "", None, is_fresh=True)
    assert [(file.scope, file.text) for file in found.texts] == [
        ("administrator", "Never name customers."),
        ("user", "Be brief."),
    ]
    found = await instructions.gather("Never name customers.", "bob", None, is_fresh=True)
    assert [file.scope for file in found.texts] == ["administrator"]


def test_the_order_is_the_administrator_the_user_the_project_and_the_skills() -> None:
    sent = instructions.fit(
        used(
            InstructionFile("administrator", text="AAA"),
            InstructionFile("user", "~/AGENTS.md", "UUU"),
            of_project("AGENTS.md", "RRR"),
            of_project("a/AGENTS.md", "NNN"),
            skill("charts"),
        ),
        8000,
        estimate_tokens,
    )
    places = [sent.text.index(text) for text in ("AAA", "UUU", "RRR", "NNN", "- charts: Makes charts.")]
    assert places == sorted(places)
    assert "all of charts" not in sent.text
    assert sent.warnings == ()
    assert [source.path for source in sent.sources] == [
        "",
        "~/AGENTS.md",
        "AGENTS.md",
        "a/AGENTS.md",
        ".agents/skills/charts/SKILL.md",
    ]


@pytest.mark.parametrize("budget", [0, 100, 500, 1000, 2000, 8000, 30_000])
def test_they_have_their_share_of_the_request_and_what_is_cut_is_said(budget: int) -> None:
    words = "word " * 3000
    found = used(
        InstructionFile("administrator", text=f"A {words}"[:900]),
        InstructionFile("user", "~/AGENTS.md", f"U {words}"),
        of_project("AGENTS.md", f"R {words}"),
        of_project("a/AGENTS.md", f"N {words}"),
        *(skill(f"charts{number}", "Makes charts. " * 30) for number in range(30)),
    )
    sent = instructions.fit(found, budget, estimate_tokens)
    assert sent.tokens <= max(budget // 4, estimate_tokens(instructions._TITLE) + 8)
    cut = [source for source in sent.sources if source.sent < source.characters]
    assert len(sent.warnings) == len(cut)
    kept = {source.path: source.sent for source in sent.sources}
    assert kept["a/AGENTS.md"] >= kept["AGENTS.md"] >= kept["~/AGENTS.md"]
    if budget == 8000:
        assert kept[""] == 900
        assert 0 < kept["a/AGENTS.md"] < len(words)
        assert "(cut: the first" in sent.text
        assert "more that are not listed" in sent.text


def test_what_nobody_has_written_costs_nothing() -> None:
    assert instructions.fit(instructions.NONE, 8000, estimate_tokens) == instructions.SentInstructions()
    assert instructions.fit(used(of_project("AGENTS.md", "x"), state="asked"), 8000, estimate_tokens).text == ""


def test_they_stand_in_the_system_message_without_secrets() -> None:
    secret = "sk-proj-" + "a1B2" * 11
    turn = TurnContext(instructions=used(of_project("AGENTS.md", f"The key is {secret}. Answer in haiku.")))
    prompt = request.build(
        "How many rows?",
        turn,
        (),
        active_cell_id=None,
        budget_tokens=4000,
        mark="context-x",
        redactor=Redactor(),
        count=estimate_tokens,
    )
    system = prompt.messages[0]
    assert system.role == "system"
    assert "Answer in haiku." in system.content
    assert secret not in str(prompt.messages)
    assert prompt.tokens["instructions"] > 0
    without = request.build(
        "How many rows?",
        TurnContext(),
        (),
        active_cell_id=None,
        budget_tokens=4000,
        mark="context-x",
        redactor=Redactor(),
        count=estimate_tokens,
    )
    assert without.tokens["instructions"] == 0
    assert prompt.tokens["system"] == without.tokens["system"]
    assert system.content.startswith(without.messages[0].content)
