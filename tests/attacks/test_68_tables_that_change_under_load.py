"""Case 68: tables change while a server reads and writes them. It answers rightly or says that it cannot, and nothing
that was acknowledged is lost; two nodes that migrate at once do it once."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.process.client import Answer, Client
from tests.process.serving import free_port, running_server

HEAD = """
from piccolo.columns import BigInt, Integer, Text, Varchar
from piccobase import App, Collection, Rules

class Note(Collection, tablename="notes"):
"""
TAIL = """
    rules = Rules(list="", view="", create="", update="", delete="")

app = App(collections=[Note])
"""
FIRST = """
    title = Varchar(length=100)
    body = Text()
    number = Integer(default=0, index=True)
    gone = Text(default="x")
"""
MORE = f"""{FIRST}
    added = Integer(default=7)
    unique_once = Varchar(unique=True)
"""
OTHERWISE = """
    headline = Varchar(length=100)
    body = Text()
    number = Text(index=True)
    added = Integer(default=7)
    unique_once = Varchar(unique=True)
"""
WRITERS = 2
ENOUGH = 60  # answers between one change and the next
PACE = 0.005  # seconds between rounds: the commands need some of the machine as well
PATIENCE = 60.0  # seconds
NOTES = "/api/collections/notes/records"


@dataclass
class Load:
    """Threads that write a note, read it, find it and change it, again and again, and keep what they were answered."""

    url: str
    answers: "Counter[tuple[str, int, str]]" = field(default_factory=Counter)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        threads = [threading.Thread(target=self._run, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(PATIENCE)

    def wait_for_more(self) -> None:
        """Until many more requests have been answered."""
        with self._changed:
            wanted = self.answers.total() + ENOUGH
            assert self._changed.wait_for(lambda: self.answers.total() >= wanted, PATIENCE), self.answers

    def _run(self, first: int) -> None:
        number = first
        while not self._stop.wait(PACE):
            self._one(Client(self.url), number)
            number += WRITERS

    def _one(self, client: Client, number: int) -> None:
        meant = {"title": f"title {number}", "body": f"body {number}", "number": number}
        created = self._ask(client, "POST", NOTES, meant)
        if created.status != 200:
            self._ask(client, "GET", f"{NOTES}?sort=number&perPage=3")
            return
        path = f"{NOTES}/{created.body['id']}"
        self.acknowledged[created.body["id"]] = meant
        self._compare(created.body, meant)
        if (viewed := self._ask(client, "GET", path)).status == 200:
            self._compare(viewed.body, meant)
        listed = self._ask(client, "GET", f"{NOTES}?filter=number={number}%26%26title!=''")
        if listed.status == 200:
            for record in listed.body["items"]:
                self._compare(record, meant)
        meant = meant | {"body": f"changed {number}"}
        if (changed := self._ask(client, "PATCH", path, {"body": meant["body"]})).status == 200:
            self.acknowledged[created.body["id"]] = meant
            self._compare(changed.body, meant)

    def _ask(self, client: Client, method: str, path: str, body: Any = None) -> Answer:
        answer = client.ask_anyway(method, path, body)
        code = answer.headers.get("x-error-code", "")
        with self._changed:
            self.answers[method, answer.status, code] += 1
            self._changed.notify_all()
        return answer

    def _compare(self, record: dict[str, Any], meant: dict[str, Any]) -> None:
        # For a moment a number may already be the text it has become.
        if {name: str(record.get(name)) for name in meant} != {name: str(value) for name, value in meant.items()}:
            self.wrong.append(f"{record} is not {meant}")


def run(folder: Path, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "piccobase", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended_well(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said


def write(folder: Path, columns: str) -> None:
    (folder / "app.py").write_text(HEAD + columns + TAIL)


@contextmanager
def serving(folder: Path, where: tuple[str, ...]) -> Iterator[Client]:
    port = free_port()
    command = [sys.executable, "-m", "piccobase", "serve", "app.py", "--port", str(port), *where]
    with running_server("server", command, port, folder, accounts=False) as server:
        yield Client(server.url)


def migrated(
    folder: Path, columns: str, where: tuple[str, ...], *new: str, accepted: tuple[str, ...] = (), nodes: int = 1
) -> None:
    """Writes other columns into the code, a migration to them, and has it applied, by several nodes at once."""
    write(folder, columns)
    ended_well(run(folder, "migrate", "new", *new, *where))
    ended_well(*(run(folder, "migrate", *accepted, *where) for _ in range(nodes)))


def test_a_server_whose_tables_change_answers_rightly_or_says_that_it_cannot(
    tmp_path: Path, database_url: str | None
) -> None:
    where = ("--data-dir", "data", *(("--database-url", database_url) if database_url else ()))
    accepted = ("--accept-loss", "notes.gone")
    migrated(tmp_path, FIRST, where)
    with serving(tmp_path, where) as client:
        with Load(client.base_url).running() as load:
            load.wait_for_more()
            migrated(tmp_path, MORE, where)
            load.wait_for_more()
            assert {status for _, status, _ in load.answers} == {200}, load.answers  # additions disturb nobody
            rename = ("--rename", "notes.title=headline", "--drop", "notes.gone")
            migrated(tmp_path, OTHERWISE, where, *rename, accepted=accepted, nodes=2)
            load.wait_for_more()
        refused = until(client, 503)
        assert client.ask("GET", "/api/health")["code"] == 200
        # A statement can find it out before the server has looked at its tables.
        ready = until(client, 503, "/api/ready")
        assert ready.body["message"] == "The tables of notes have changed."
        ended_well(run(tmp_path, "migrate", "revert", *where))
        assert as_written(until(client, 200).body["items"], load) != []  # what fits again is served again
    assert load.wrong == []
    assert {(status, code) for _, status, code in load.answers} <= {
        (200, ""),
        (503, "database.schema_changed"),
        (503, "database.serialization_failed"),
    }, load.answers
    assert refused.headers["x-error-code"] == "database.schema_changed"
    assert "start this server anew" in refused.body["message"]
    ended_well(run(tmp_path, "migrate", *accepted, *where))
    with serving(tmp_path, where) as client:
        everything = client.ask("GET", f"{NOTES}?perPage=1&sort=-created")
        assert everything["totalItems"] >= len(load.acknowledged)
        for record_id, meant in list(load.acknowledged.items())[:: 1 + len(load.acknowledged) // 200]:
            record = client.ask("GET", f"{NOTES}/{record_id}")
            assert (record["headline"], record["body"], record["added"]) == (meant["title"], meant["body"], 7)
            assert record["number"] == str(meant["number"])
            assert "gone" not in record


def as_written(records: list[dict[str, Any]], load: Load) -> list[dict[str, Any]]:
    """The records, which must be as they were acknowledged."""
    for record in records:
        meant = load.acknowledged.get(record["id"], {})
        assert {name: record[name] for name in meant} == meant
        assert record["gone"] == "x"  # from the trash
    return records


def until(client: Client, status: int, path: str = NOTES) -> Answer:
    """Asks until the answer has that status: a server looks at its tables once a second."""
    deadline = time.monotonic() + PATIENCE
    while (answer := client.ask_anyway("GET", path)).status != status:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer
