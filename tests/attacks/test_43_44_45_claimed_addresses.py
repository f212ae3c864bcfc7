"""Cases 43, 44 and 45: a client's address is its socket's, and no header makes it another; nor the server's name."""

from pathlib import Path

import httpx
import pytest
from tests.process.commands import command
from tests.process.test_serve import APP, served

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "Fly-Client-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP)
    assert command(folder, "superuser", "upsert", "root@example.com", "12345678").returncode == 0
    return folder


def test_no_header_claims_another_address_for_a_client_or_another_name_for_the_server(project: Path) -> None:
    """Of the real server: it is uvicorn that would believe them from whoever connects from this machine."""
    with served(project) as (_, address), httpx.Client(base_url=address) as client:
        draft = {"identity": "root@example.com", "password": "12345678"}
        token = client.post("/api/collections/_superusers/auth-with-password", json=draft).json()["token"]
        for headers in ({}, *({name: value} for name, value in FORWARDED.items()), FORWARDED):
            health = client.get("/api/health", headers={"Authorization": token, **headers})
            assert health.json()["data"]["realIP"] == "127.0.0.1"
            for name in ("evil.example", "a.b:80"):
                answer = client.get("/api/nope", headers={"Host": name, **headers})
                assert answer.status_code == 404
                assert "evil.example" not in answer.text + str(answer.headers)
                assert "location" not in answer.headers
