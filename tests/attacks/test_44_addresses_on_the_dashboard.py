"""Case 44: no header decides where the dashboard's links and redirects lead, nor for which site its cookie is."""

from pathlib import Path

from tests.asking import SUPERUSER
from tests.dashboard.entering import visiting

CLAIMS = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8090/admin"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "//evil.example", "X-Rewrite-URL": "//evil.example"},
    {"Origin": "https://evil.example"},
    {"Referer": "https://evil.example/"},
    {"HX-Request": "true", "HX-Current-URL": "https://evil.example/admin/../../x"},
]


async def test_no_page_and_no_redirect_names_another_host(tmp_path: Path) -> None:
    form = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    answers = []
    async with visiting(tmp_path) as visitor:
        for claim in CLAIMS:
            answers += [await visitor.get(path, **claim) for path in ("/admin/", "/admin/sign-in", "/admin/set-up")]
            answers += [await visitor.post("/admin/sign-in", form, **claim)]
            answers += [await visitor.get(path, **claim) for path in ("/admin/", "/admin/design", "/admin/nope")]
            answers += [await visitor.post("/admin/sign-out", **claim)]
    assert {answer.status_code for answer in answers} == {200, 303, 400, 401, 404}
    for answer in answers:
        assert "evil.example" not in answer.text
        assert not [value for value in answer.headers.values() if "evil.example" in value]
        assert answer.headers.get("location", "/admin").startswith("/admin")
