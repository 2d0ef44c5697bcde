"""`paceline documents`, run as an operator's build would run it."""

import json
import shutil
from pathlib import Path

import pytest

from server.app import checked_documents
from server.documents import Documents
from server.persisted.collecting import collect, files_of
from server.persisted.reference import digest_of
from tests.builders import an_id
from tests.client import serving, settings_for
from tests.server.test_cli import paceline

OBJECTIVES = """query Objectives($first: Int = 10) {
  objectives(first: $first) {
    edges { node { ...Named } }
  }
}
"""
NAMED = "fragment Named on Objective { id ...Topic }\n"
TOPIC = "fragment Topic on Objective { topic { name } }\nfragment Unused on Topic { id }\n"
RECORD = "mutation Record($events: [EventInput!]!) { recordEvents(events: $events) { accepted } }\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "deep").mkdir(parents=True)
    (folder / "objectives.graphql").write_text(OBJECTIVES)
    (folder / "deep" / "named.gql").write_text(NAMED + TOPIC)
    (folder / "deep" / "record.graphql").write_text(RECORD)
    (folder / "readme.md").write_text("no document")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "other.graphql").write_text("{")
    return folder


@pytest.mark.anyio
async def test_the_manifest_of_a_folder_is_what_a_server_runs(
    sources: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    ended = paceline(tmp_path, "documents", "src", "--out", "manifest.json")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "manifest.json: 2 operations of 3 files.\n"
    written = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert (written["format"], written["version"]) == ("apollo-persisted-query-manifest", 1)
    listed = {operation["name"]: operation for operation in written["operations"]}
    assert {name: operation["type"] for name, operation in listed.items()} == {
        "Objectives": "query",
        "Record": "mutation",
    }
    assert all(operation["id"] == digest_of(operation["body"]) for operation in listed.values())
    assert "fragment Topic" in listed["Objectives"]["body"]
    assert "Unused" not in listed["Objectives"]["body"]
    path = tmp_path / "paceline.db"
    shutil.copyfile(sqlite_template, path)
    async with serving(
        f"sqlite+aiosqlite:///{path}", documents_file=tmp_path / "manifest.json", persisted_documents="only"
    ) as served:
        learner = served.learner(an_id("Ada"))
        sent = {"documentId": listed["Objectives"]["id"]}
        answered = await served.http.post("/graphql", json=sent, headers=learner.headers)
        assert answered.json() == {"data": {"objectives": {"edges": []}}}


def test_without_a_file_to_write_the_manifest_is_printed(sources: Path, tmp_path: Path) -> None:
    ended = paceline(tmp_path, "documents", "src/deep/record.graphql")
    assert [operation["name"] for operation in json.loads(ended.stdout)["operations"]] == ["Record"]


FAULTS = {
    "a field that is not there": (
        "query Wrong { objectives { total } }",
        "src/wrong.graphql:1: Wrong: Cannot query field 'total'",
    ),
    "a fragment that is not there": (
        "query Wrong {\n objectives { ...None } }",
        "src/wrong.graphql:1: Wrong: Unknown fragment 'None'",
    ),
    "no document": ("query Wrong {\n", "src/wrong.graphql:2: Syntax Error"),
    "no name": ("\n{ objectives { totalCount } }", "src/wrong.graphql:2: the operation has no name; give it one."),
    "a name that is taken": (
        "query Objectives { objectives { totalCount } }",
        "src/wrong.graphql:1: Objectives stands at src/objectives.graphql:1 too; give one another name.",
    ),
    "a fragment's name that is taken": (
        "fragment Named on Topic { id }",
        "src/wrong.graphql:1: Named stands at src/deep/named.gql:1 too; give one another name.",
    ),
    "a schema": ("type Query { a: Int }", "src/wrong.graphql:1: neither an operation nor a fragment; leave it out."),
    "more than may run": (
        "query Wrong { topics(first: 200) { edges { node { children { children { children { id } } } } } } }",
        "src/wrong.graphql:1: Wrong: The operation may return",
    ),
}


@pytest.fixture(scope="module")
def documents() -> Documents:
    return checked_documents(settings_for("sqlite+aiosqlite:///none.db"))


@pytest.mark.parametrize(("text", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told_with_its_place(
    sources: Path, documents: Documents, monkeypatch: pytest.MonkeyPatch, text: str, fault: str
) -> None:
    (sources / "wrong.graphql").write_text(text)
    monkeypatch.chdir(sources.parent)
    collected = collect(files_of([Path("src")]), documents)
    assert len(collected.faults) == 1
    assert collected.faults[0].startswith(fault)


def test_where_anything_is_wrong_nothing_is_written(sources: Path, tmp_path: Path) -> None:
    (sources / "wrong.graphql").write_bytes(b"# \xff")
    ended = paceline(tmp_path, "documents", "src", "--out", "manifest.json")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "src/wrong.graphql: it is not UTF-8.\n")
    assert not (tmp_path / "manifest.json").exists()


def test_nothing_to_list_is_a_fault(sources: Path, tmp_path: Path) -> None:
    for path, fault in (("none", "there is no none"), ("src/deep/named.gql", "no file there holds an operation")):
        ended = paceline(tmp_path, "documents", path)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"paceline: PATH: {fault}; ")
