"""`serve --reload` as developers live with it: real processes, real saves, and nobody is ever sent away."""

import http.client
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser import PHONE
from tests.process.client import Client
from tests.process.watching import PATIENCE, Watched, alive, until, watched

from piccobase.base.errors import StartError
from piccobase.cli.reloading import serve_again_and_again, watched_folders

APP = """\
import asyncio

from piccobase import App
from shop.collections import COLLECTIONS


class Streaming(App):
    \"\"\"Also has a stream of events that never ends by itself.\"\"\"

    async def __call__(self, scope, receive, send):
        if scope.get("path") != "/stream":
            await super().__call__(scope, receive, send)
            return
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: hello\\n\\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass


app = Streaming(collections=COLLECTIONS)
"""

CHANGED = "shop/collections.py"
COLLECTIONS = """\
from piccolo.columns import Varchar
from piccobase import Collection, Rules


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(
        list="",
        create="",
    )


COLLECTIONS = [Note]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An app with its collections in a package, as larger ones have them."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / CHANGED).write_text(COLLECTIONS)
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_a_save_is_served_while_requests_wait_and_streams_end_cleanly(project: Path) -> None:
    statuses: list[object] = []
    done = threading.Event()

    def ask_without_pause(client: Client) -> None:
        while not done.is_set():
            try:
                statuses.append(client.send("GET", "/api/health").status)
            except OSError as error:
                statuses.append(repr(error))

    with watched(project) as server:
        asking = [threading.Thread(target=ask_without_pause, args=(server.client,)) for _ in range(4)]
        for thread in asking:
            thread.start()
        try:
            with closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)) as stream:
                stream.request("GET", "/stream", headers={"Accept": "text/event-stream"})
                events = stream.getresponse()
                assert events.readline() == b"data: hello\n"
                told = server.save_and_wait(CHANGED, COLLECTIONS.replace('"notes"', '"memos"'))
                assert events.read() == b"\n"  # it ended with its last chunk, no error
            assert "shop/collections.py changed, starting anew." in told
            assert server.client.send("GET", "/api/collections/memos/records").status == 200

            # Saves in a row, of one size and within a second: the last one counts.
            for number in range(20):
                server.save(CHANGED, COLLECTIONS.replace('"notes"', f'"note{number:02}"'))
            until(lambda: server.client.send("GET", "/api/collections/note19/records").status == 200, server.told)

            # What is no Python file changes nothing; the mark after it shows that the watch was awake.
            starts = server.told().count("changed, starting anew")
            server.save("notes.txt", "text")
            (project / "node_modules").mkdir()
            server.save("node_modules/x.py", "print()")
            told = server.save_and_wait("app.py", APP + "\n")
            assert told.startswith("app.py changed, starting anew.")
            assert server.told().count("changed, starting anew") == starts + 1
        finally:
            done.set()
            for thread in asking:
                thread.join()
        assert set(statuses) == {200}
        # Ctrl+C reaches every process of the terminal at once.
        server.told()
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
        until(lambda: not alive(server.family), server.told)
        assert "Traceback" not in server.told()


MISTAKEN = COLLECTIONS.replace('list=""', 'list="txet = 1"').replace('create=""', 'create="text = <script>"')


def test_mistakes_are_shown_until_they_are_mended(project: Path, page: Page) -> None:
    with watched(project, "app.py:app") as server:
        made = server.client.ask("POST", "/api/collections/notes/records", {"text": "kept"})
        told = server.save_and_wait(CHANGED, MISTAKEN, wait_for="The app does not start.")
        assert 'shop/collections.py:8: rule.E005 notes, list: notes has no field "txet". Did you mean "text"?' in told
        assert "shop/collections.py:9: rule.E005 notes, create: " in told
        assert f"{server.url}/admin/ says why" in told

        # The API, as a page of another origin sees it: the shape of all errors, and nothing about the source.
        asked = server.client.send("GET", "/api/collections/notes/records", headers={"Origin": "http://x"})
        assert (asked.status, asked.headers["retry-after"]) == (503, "1")
        assert asked.headers["x-error-code"] == "server.app_does_not_start"
        assert asked.headers["access-control-allow-origin"] == "*"
        assert list(asked.body) == ["data", "message", "status"]
        assert "txet" not in str(asked.body)
        preflight = {"Origin": "http://x", "Access-Control-Request-Method": "POST"}
        assert server.client.send("OPTIONS", "/api/collections/notes/records", headers=preflight).status == 204

        # A stranger's website whose name points here reads no source.
        strange = server.client.send("GET", "/admin/", headers={"Host": "evil.example"})
        assert (strange.status, "txet" in strange.body) == (503, False)
        assert "terminal" in strange.body
        assert "access-control-allow-origin" not in strange.headers
        assert "script-src 'nonce-" in strange.headers["content-security-policy"]

        page.goto(f"{server.url}/admin/")
        for text in ("2 mistakes", "rule.E005", "notes, list", 'Did you mean "text"?', "shop/collections.py:8"):
            expect(page.get_by_text(text).first).to_be_visible()
        expect(page.locator("pre .here").first).to_contain_text('list="txet = 1"')
        expect(page.locator("pre .here").last).to_contain_text("<script>")  # as text
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

        # Another mistake shows itself on the open page, then the app does.
        told = server.save_and_wait(CHANGED, "import nothing_of_this_name\n", wait_for="The app does not start.")
        assert "shop/collections.py:1: ModuleNotFoundError: No module named 'nothing_of_this_name'" in told
        expect(page.get_by_text("ModuleNotFoundError")).to_be_visible()
        told = server.save_and_wait(CHANGED, "def (:\n", wait_for="The app does not start.")
        assert "shop/collections.py:1: SyntaxError: invalid syntax" in told
        told = server.save_and_wait(CHANGED, "raise SystemExit(3)\n", wait_for="The app does not start.")
        assert "The process that served the app ended with status 3" in page_text(server)
        server.save_and_wait(CHANGED, COLLECTIONS)
        expect(page.get_by_text("The app does not start")).to_have_count(0)
        found = server.client.ask("GET", "/api/collections/notes/records")["items"]
        assert [record["id"] for record in found] == [made["id"]]

        server.told()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        until(lambda: not alive(server.family), server.told)


def page_text(server: Watched) -> str:
    return str(server.client.send("GET", "/admin/").body)


def test_an_app_that_cannot_even_start_once_is_waited_for_and_a_deaf_process_is_killed(project: Path) -> None:
    (project / "data").write_text("in the way")
    with watched(project, "shop.main:app", wait_for="The app does not start.") as server:
        assert "No module named 'shop.main'" in server.told()
        told = server.save_and_wait("shop/main.py", APP, wait_for="The app does not start.")
        assert "start.failed: The data dir data cannot be made: File exists. Choose one with --data-dir." in told
        (project / "data").unlink()
        server.save_and_wait(CHANGED, COLLECTIONS)

        deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
        server.save_and_wait(CHANGED, deaf + "time.sleep(1000)\n", wait_for="deaf")
        told = server.save_and_wait(CHANGED, COLLECTIONS)
        assert "The process did not end within 6 seconds and is killed." in told
        assert server.client.send("GET", "/api/health").status == 200
    # The parent was killed without a word, and nobody is left: `watched` has looked.


def test_a_breakpoint_stops_in_the_terminal_where_the_command_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from piccobase import App\n\nbreakpoint()\napp = App()\n")
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-m", "piccobase", "serve", "--reload", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)
        try:
            for shown, typed in (("(Pdb)", "p 6 * 7"), ("42", "continue"), ("Serving on", "")):
                told = ""
                while shown not in told:
                    assert select.select([terminal], [], [], PATIENCE)[0], told
                    told += os.read(terminal, 4096).decode()
                os.write(terminal, f"{typed}\n".encode())
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
            os.close(terminal)


def test_what_cannot_begin_is_told_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cases: list[tuple[str, dict[str, Any], str]] = [
            (".", {"port": port}, f"Port {port} on 127.0.0.1 is in use. Choose another with --port"),
            ("nowhere.py", {}, "nowhere.py: no such file or folder"),
            (".", {"workers": 2}, "Only one worker for now"),
            (".", {"port": 65536}, "port (option) must be a number from 0 to 65535"),
        ]
        for target, options, message in cases:
            with pytest.raises(StartError, match=re.escape(message)):
                serve_again_and_again(target, options, migrate=None)


@pytest.mark.parametrize("target", [".", "app.py", "app.py:app", "app:app", "shop.app:app"])
def test_the_folder_of_the_app_is_watched(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("")
    assert watched_folders(target)[0] == tmp_path


def test_the_package_of_an_app_is_watched_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, here = tmp_path / "elsewhere" / "far_away", tmp_path / "here"
    elsewhere.mkdir(parents=True)
    here.mkdir()
    (elsewhere / "__init__.py").write_text("")
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(elsewhere.parent)
    assert watched_folders("far_away.main:app")[:2] == [here, elsewhere]


def test_an_installed_plugin_is_watched_where_somebody_works_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, here = tmp_path / "elsewhere" / "src" / "piccobase_shift", tmp_path / "here"
    information = tmp_path / "environment" / "piccobase_shift-1.0.dist-info"
    for folder in (plugin, here, information):
        folder.mkdir(parents=True)
    (plugin / "__init__.py").write_text("raise RuntimeError('nothing is run to find this out')")
    (here / "app.py").write_text("")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: piccobase-shift\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[piccobase.plugins]\nshift = piccobase_shift:plugin\n")
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(plugin.parent)
    monkeypatch.syspath_prepend(information.parent)
    assert plugin in watched_folders(".")


def test_without_reload_a_mistake_ends_the_server_and_nothing_is_answered(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from piccobase import App, Role\napp = App(roles=[Role('not a word')])\n")
    command = [sys.executable, "-m", "piccobase", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "piccobase: role.E002 not a word: a role's name is a word of letters, digits and _\n"
