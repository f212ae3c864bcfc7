"""The command as people run it: a process of its own, on a free port, ended by its id."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.process.commands import command

APP = """
from piccolo.columns import Varchar
from piccobase import App, Collection, Rules

class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(list="", view="", create="", update="", delete="")

app = App(collections=[Note])
"""
PATIENCE = 20.0  # seconds


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@contextmanager
def served(project: Path, *arguments: str) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """`piccobase serve` and the address it has printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "piccobase", "serve", "--port", "0", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, address_of(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def address_of(process: "subprocess.Popen[str]") -> str:
    """Reads what is printed until the address stands there."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if found := re.search(r"Serving on (http://\S+)", line):
            return found[1]
    raise AssertionError(f"ended without serving:\n{told}")


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of a start that failed: exit status 1, no traceback."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("piccobase: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_serves_and_ends_with_status_0_although_a_connection_is_open(project: Path, stop: int) -> None:
    with served(project) as (process, address), httpx.Client(base_url=address) as client:
        assert client.get("/api/health").json()["code"] == 200  # the connection stays open
        process.send_signal(stop)
        assert process.wait(PATIENCE) == 0


def test_a_request_in_flight_is_finished_before_the_end(project: Path) -> None:
    with served(project) as (process, address):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), PATIENCE) as sending:
            body = b'{"text": "late"}'
            head = b"POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            sending.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
            # Another request tells that the server has read the first part by now.
            assert httpx.get(f"{address}/api/health").status_code == 200
            process.send_signal(signal.SIGTERM)
            sending.sendall(body[5:])
            answer = sending.makefile("rb").read()
        assert b"200 OK" in answer
        assert b'"text":"late"' in answer
        assert process.wait(PATIENCE) == 0


def test_acknowledged_records_survive_a_kill(project: Path) -> None:
    with served(project) as (process, address), httpx.Client(base_url=address) as client:
        path = "/api/collections/notes/records"
        made = {client.post(path, json={"text": str(number)}).json()["id"] for number in range(50)}
        process.kill()
        process.wait(PATIENCE)
    with served(project) as (_, address):
        found = httpx.get(f"{address}/api/collections/notes/records?perPage=100").json()["items"]
    assert {record["id"] for record in found} == made


def test_a_second_server_on_the_port_is_told_in_one_line(project: Path) -> None:
    with served(project) as (_, address):
        port = address.rpartition(":")[2]
        message = one_line(command(project, "serve", "--port", port))
    assert f"Port {port} on 127.0.0.1 is in use. Choose another with --port" in message


def test_a_data_dir_that_cannot_be_made_is_told_in_one_line(project: Path) -> None:
    (project / "file").write_text("")
    message = one_line(command(project, "serve", "--port", "0", "--data-dir", "file/data"))
    assert "The data dir file/data cannot be made" in message


def test_a_file_that_is_no_database_is_told_in_one_line(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "data.db").write_bytes(b"this is no database at all" * 100)
    assert "data.db" in one_line(command(project, "serve", "--port", "0"))


def test_a_database_of_a_newer_version_is_told_in_one_line(project: Path) -> None:
    assert command(project, "superuser", "upsert", "a@b.co", "12345678").returncode == 0
    newer = (
        "import apsw; apsw.Connection('data/data.db').execute("
        "\"INSERT INTO migration (name, app_name) VALUES ('2999-01-01T00:00:00', 'piccobase')\")"
    )
    subprocess.run([sys.executable, "-c", newer], cwd=project, check=True)
    assert "The database was made by a newer version" in one_line(command(project, "serve", "--port", "0"))


def test_another_secret_key_is_told_in_one_line(project: Path) -> None:
    assert command(project, "superuser", "upsert", "a@b.co", "12345678").returncode == 0
    other = command(project, "serve", "--port", "0", PICCOBASE_SECRET_KEY="x" * 43)
    assert "was not encrypted with the key in PICCOBASE_SECRET_KEY" in one_line(other)


def test_a_database_that_is_not_there_is_told_without_its_password(project: Path) -> None:
    url = "postgresql://me:hunter2@127.0.0.1:1/nothing"
    message = one_line(command(project, "serve", "--port", "0", "--database-url", url))
    assert "127.0.0.1:1" in message
    assert "hunter2" not in message


WRONG = [
    (["serve", "--workers", "2"], {}, "Only one worker for now"),
    (["serve"], {"PICCOBASE_DATADIR": "x"}, "PICCOBASE_DATADIR is not known. Did you mean PICCOBASE_DATA_DIR?"),
    (["serve", "nowhere.py"], {}, "nowhere.py: no such file or folder"),
    (["serve", "app.py:application"], {}, 'there is no "application" in it; its Apps: app.'),
    (["superuser", "upsert", "nobody", "12345678"], {}, "email: Must be a valid email address."),
    (["superuser", "upsert", "a@b.co", "short"], {}, "password: "),
    (["serve", "--database-url", "mysql://x"], {}, "must begin with postgresql://"),
    (["serve", "--database-url", "postgresql://a:b#c@d/e"], {}, "The database URL cannot be read"),
    (["serve", "--port", "65536"], {}, "port (option) must be a number from 0 to 65535"),
    (["serve", "--host", "192.0.2.1", "--port", "0"], {}, "Cannot listen on 192.0.2.1:0"),
    (["serve", "--data-dir", "app.py"], {}, "The data dir app.py cannot be made: File exists"),
    (["serve", "--data-dir", "/sys"], {}, "/sys"),  # which cannot be written, not even by root
    (["serve"], {"PICCOBASE_PORT": "http"}, "port (environment) must be a number from 0 to 65535, not 'http'"),
    (["serve"], {"PICCOBASE_SECRET_KEY": "short"}, "The key in PICCOBASE_SECRET_KEY is empty or cut short"),
]


@pytest.mark.parametrize(("arguments", "environment", "text"), WRONG, ids=[" ".join(case[0]) for case in WRONG])
def test_a_wrong_call_is_told_in_one_line(
    project: Path, arguments: list[str], environment: dict[str, str], text: str
) -> None:
    assert text in one_line(command(project, *arguments, **environment))


@pytest.mark.parametrize(
    "words", ["", "new", "serve", "worker", "check", "migrate", "migrate apply", "superuser", "superuser upsert"]
)
def test_every_command_explains_itself(project: Path, words: str) -> None:
    told = command(project, *words.split(), "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert f"piccobase {words}".strip() in told.stdout


def test_a_word_that_is_no_command_is_told_with_status_2(project: Path) -> None:
    told = command(project, "sevre")
    assert told.returncode == 2
    assert "No such command 'sevre'" in told.stderr


def test_variables_that_service_links_inject_are_passed_over(project: Path) -> None:
    done = command(project, "check", PICCOBASE_SERVICE_HOST="10.0.0.1", PICCOBASE_PORT="tcp://10.0.0.1:80")
    assert done.returncode == 0


def test_check_tells_all_mistakes_at_once_each_with_its_id_and_the_nearest_name(project: Path) -> None:
    assert command(project, "check").returncode == 0
    wrong = APP.replace('list=""', 'list="txet = 1"').replace('view=""', 'view="text ="')
    (project / "app.py").write_text(wrong)
    done = command(project, "check")
    assert done.returncode == 1
    assert 'rule.E005 notes, list: notes has no field "txet". Did you mean "text"?' in done.stderr
    assert "rule.E005 notes, view:" in done.stderr


@pytest.mark.parametrize("target", ["app.py", "app.py:app", "app:app", "."])
def test_an_app_is_found_by_file_name_module_and_folder(project: Path, target: str) -> None:
    assert command(project, "check", target).returncode == 0


def test_a_mistake_in_the_apps_own_code_is_told_with_its_line(project: Path) -> None:
    (project / "app.py").write_text(APP + "\nundefined_name\n")
    assert "app.py:11: NameError" in one_line(command(project, "check"))


def test_a_superuser_is_created_and_then_changed(project: Path) -> None:
    told = [command(project, "superuser", "upsert", "a@b.co", password).stdout for password in ("12345678", "87654321")]
    assert told == ["Superuser a@b.co created.\n", "Superuser a@b.co updated.\n"]
    assert (project / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_with_no_migrate_a_database_that_lacks_something_is_refused(project: Path) -> None:
    assert "piccobase migrate" in one_line(command(project, "serve", "--port", "0", "--no-migrate"))
    assert command(project, "migrate").returncode == 0
    with served(project, "--no-migrate") as (_, address):
        assert httpx.get(f"{address}/api/health").status_code == 200
