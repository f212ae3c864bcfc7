"""`/api/settings` (protocol.md §8.2): who may, what is answered, what a change does, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.asking import serving

from piccobase.schema.declaration import AuthCollection
from piccobase.schema.rules import Rules
from piccobase.testing import Caller, TestApp

PATH = "/api/settings"
SAVING = "An error occurred while saving the new settings."


class Member(AuthCollection, tablename="members"):
    rules = Rules(create="")


@pytest.fixture
async def guest(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Member], [], database_url, tmp_path) as api:
        yield api


@pytest.fixture
async def api(guest: TestApp) -> Caller:
    return await guest.superuser()


async def change(api: Caller, **sections: Any) -> dict[str, Any]:
    """A change that must be accepted; the answer."""
    answer = await api.ask("PATCH", PATH, sections)
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


async def codes(api: Caller, change: dict[str, Any]) -> dict[str, str]:
    """What is refused: places with dots, and the codes there."""
    answer = await api.ask("PATCH", PATH, change)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"] == SAVING

    def flat(data: dict[str, Any], path: str = "") -> dict[str, str]:
        if "code" in data and "message" in data:
            return {path: data["code"]}
        return {place: code for name, one in data.items() for place, code in flat(one, f"{path}.{name}").items()}

    return {place.removeprefix("."): code for place, code in flat(answer.json()["data"]).items()}


async def test_only_superusers_read_and_change_them(guest: TestApp) -> None:
    await guest.create("members", email="m@example.com", password="12345678", passwordConfirm="12345678")
    member = await guest.signed_in("members", "m@example.com", "12345678")
    for method, path in (
        ("GET", PATH),
        ("PATCH", PATH),
        ("GET", f"{PATH}/sections"),
        ("PATCH", f"{PATH}/sections"),
        ("POST", f"{PATH}/test/s3"),
        ("POST", f"{PATH}/apple/generate-client-secret"),
    ):
        assert (await guest.ask(method, path, {})).status_code == 401
        assert (await member.ask(method, path, {})).status_code == 403
    paths = (await guest.ask("GET", "/api/openapi.json")).json()["paths"]
    assert not [path for path in paths if path.startswith(PATH)]
    superuser = await guest.superuser()
    assert PATH in (await superuser.ask("GET", "/api/openapi.json")).json()["paths"]


async def test_the_object_is_the_documented_one(api: Caller) -> None:
    bucket = {"enabled": False, "bucket": "", "region": "", "endpoint": "", "accessKey": "", "forcePathStyle": False}
    rules = [
        {"label": "*:auth", "audience": "", "duration": 3, "maxRequests": 2},
        {"label": "*:create", "audience": "", "duration": 5, "maxRequests": 20},
        {"label": "/api/batch", "audience": "", "duration": 1, "maxRequests": 3},
        {"label": "/api/", "audience": "", "duration": 10, "maxRequests": 300},
    ]
    assert (await api.ask("GET", PATH)).json() == {
        "superuserIPs": [],
        "smtp": {
            "enabled": False,
            "port": 587,
            "host": "smtp.example.com",
            "username": "",
            "authMethod": "",
            "tls": False,
            "localName": "",
        },
        "backups": {"cron": "", "cronMaxKeep": 3, "s3": bucket},
        "s3": bucket,
        "meta": {
            "accentColor": "#1055c9",
            "appName": "Acme",
            "appURL": "http://localhost:8090",
            "senderName": "Support",
            "senderAddress": "support@example.com",
            "hideControls": False,
        },
        "rateLimits": {"rules": rules, "excludedIPs": [], "enabled": False},
        "trustedProxy": {"headers": [], "useLeftmostIP": False},
        "batch": {"enabled": False, "maxRequests": 50, "timeout": 3, "maxBodySize": 0},
        "logs": {"maxDataSize": 0, "maxDays": 5, "minLevel": 0, "logIP": True, "logAuthId": False},
    }
    picked = await api.ask("GET", PATH, query={"fields": "meta.appName,superuserIPs"})
    assert picked.json() == {"meta": {"appName": "Acme"}, "superuserIPs": []}


async def test_a_change_is_deep_for_sections_and_whole_for_lists(api: Caller) -> None:
    changed = await change(api, meta={"appName": "Atlas"}, unknown={"x": 1}, rateLimits={"rules": []})
    assert (changed["meta"]["appName"], changed["meta"]["senderName"]) == ("Atlas", "Support")
    assert changed["rateLimits"] == {"rules": [], "excludedIPs": [], "enabled": False}
    changed = await change(api, META={"APPNAME": "Any case"}, superuserIPs=None, logs={"logIP": None})
    assert (changed["meta"]["appName"], changed["superuserIPs"], changed["logs"]["logIP"]) == ("Any case", [], False)
    assert await change(api) == changed == (await api.ask("GET", PATH)).json()
    assert api.services.settings.current.meta.app_name == "Any case"


async def test_secrets_are_kept_encrypted_and_never_answered(api: Caller) -> None:
    await change(
        api,
        smtp={"password": "mail-secret"},
        s3={"secret": "files-secret"},
        backups={"s3": {"secret": "backups-secret"}},
    )
    changed = await change(api, smtp={"username": "me"})
    whole = (await api.ask("GET", PATH, query={"fields": "*,smtp.password,s3.secret"})).text + str(changed)
    stored = str(await api.services.engine.rows("SELECT name, value FROM _settings"))
    stored += str(await api.services.engine.rows("SELECT name, value FROM _secrets"))
    for secret in ("mail-secret", "files-secret", "backups-secret"):
        assert secret not in whole + stored
    current = api.services.settings.current
    assert (current.smtp.password, current.s3.secret, current.backups.s3.secret) == (
        "mail-secret",
        "files-secret",
        "backups-secret",
    )
    await change(api, smtp={"password": ""})
    assert api.services.settings.current.smtp.password == ""
    names = [name for (name,) in await api.services.engine.rows("SELECT name FROM _secrets")]
    assert "setting.smtp.password" not in names
    assert "setting.s3.secret" in names


REFUSED: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {
            "meta": {
                "appName": "",
                "appURL": "nope",
                "senderName": "x" * 256,
                "senderAddress": "x",
                "accentColor": "red",
            }
        },
        {
            "meta.appName": "validation_required",
            "meta.appURL": "validation_is_url",
            "meta.senderName": "validation_length_out_of_range",
            "meta.senderAddress": "validation_is_email",
            "meta.accentColor": "validation_length_invalid",
        },
    ),
    ({"meta": {"accentColor": "#zzzzzz"}}, {"meta.accentColor": "validation_is_hex_color"}),
    ({"meta": {"appURL": "javascript:alert(1)"}}, {"meta.appURL": "validation_is_url"}),
    (
        {"smtp": {"enabled": True, "host": "", "port": 0}},
        {"smtp.host": "validation_required", "smtp.port": "validation_required"},
    ),
    (
        {"smtp": {"host": "a b", "port": -1, "authMethod": "X", "localName": "!"}},
        {
            "smtp.host": "validation_is_host",
            "smtp.port": "validation_min_greater_equal_than_required",
            "smtp.authMethod": "validation_in_invalid",
            "smtp.localName": "validation_is_host",
        },
    ),
    (
        {"s3": {"enabled": True}},
        {f"s3.{name}": "validation_required" for name in ("bucket", "region", "endpoint", "accessKey", "secret")},
    ),
    (
        {"s3": {"enabled": True, "bucket": "b", "region": "r", "endpoint": "a b", "accessKey": "k"}},
        {"s3.endpoint": "validation_is_url", "s3.secret": "validation_required"},
    ),
    (
        {"backups": {"cron": "60 * * * *", "cronMaxKeep": 0}},
        {"backups.cron": "validation_invalid_cron", "backups.cronMaxKeep": "validation_required"},
    ),
    (
        {"batch": {"enabled": True, "maxRequests": 0, "timeout": -1, "maxBodySize": -1}},
        {
            "batch.maxRequests": "validation_required",
            "batch.timeout": "validation_min_greater_equal_than_required",
            "batch.maxBodySize": "validation_min_greater_equal_than_required",
        },
    ),
    (
        {"logs": {"maxDays": -1, "maxDataSize": -1}},
        {f"logs.{name}": "validation_min_greater_equal_than_required" for name in ("maxDays", "maxDataSize")},
    ),
    (
        {"superuserIPs": ["nope", "10.0.0.0/8", "::1/200", ""]},
        {
            "superuserIPs.0": "validation_invlaid_ip_or_subnet",
            "superuserIPs.2": "validation_invlaid_ip_or_subnet",
            "superuserIPs.3": "validation_required",
        },
    ),
    ({"rateLimits": {"enabled": True, "rules": []}}, {"rateLimits.rules": "validation_required"}),
    ({"rateLimits": {"excludedIPs": ["x"]}}, {"rateLimits.excludedIPs.0": "validation_invlaid_ip_or_subnet"}),
    (
        {"rateLimits": {"rules": [{}, {"label": "a b", "audience": "@x", "duration": -1, "maxRequests": 1}]}},
        {
            "rateLimits.rules.0.label": "validation_required",
            "rateLimits.rules.0.duration": "validation_required",
            "rateLimits.rules.0.maxRequests": "validation_required",
            "rateLimits.rules.1.label": "validation_match_invalid",
            "rateLimits.rules.1.audience": "validation_in_invalid",
            "rateLimits.rules.1.duration": "validation_min_greater_equal_than_required",
        },
    ),
]


async def test_what_cannot_be_is_refused_with_the_documented_codes(api: Caller) -> None:
    before = (await api.ask("GET", PATH)).json()
    for sent, expected in REFUSED:
        assert await codes(api, sent) == expected, sent
    assert (await api.ask("GET", PATH)).json() == before


async def test_two_rules_for_the_same_people_under_one_label_conflict(api: Caller) -> None:
    def rules(*audiences: str) -> dict[str, Any]:
        return {
            "rateLimits": {
                "rules": [{"label": "/a", "audience": one, "duration": 1, "maxRequests": 1} for one in audiences]
            }
        }

    conflict = "validation_conflicting_rate_limit_rule"
    assert await codes(api, rules("", "")) == {"rateLimits.rules.1.label": conflict}
    assert await codes(api, rules("@guest", "@auth", "@guest")) == {"rateLimits.rules.2.label": conflict}
    assert await codes(api, rules("@auth", "")) == {"rateLimits.rules.1.label": conflict}
    await change(api, **rules("@guest", "@auth"))


OF_ANOTHER_TYPE: list[tuple[dict[str, Any], str]] = [
    ({"meta": {"appName": 5}}, "meta.appName"),
    ({"meta": []}, "meta"),
    ({"smtp": {"port": "25"}}, "smtp.port"),
    ({"smtp": {"port": 1.5}}, "smtp.port"),
    ({"smtp": {"port": True}}, "smtp.port"),
    ({"smtp": {"port": 2**70}}, "smtp.port"),
    ({"smtp": {"enabled": 1}}, "smtp.enabled"),
    ({"trustedProxy": {"headers": "X"}}, "trustedProxy.headers"),
    ({"superuserIPs": [5]}, "superuserIPs.0"),
    ({"rateLimits": {"rules": [5]}}, "rateLimits.rules.0"),
    ({"meta": {"appName": "a", "APPNAME": "b"}}, "meta.appName"),
]


async def test_a_value_of_another_type_is_told_with_its_place(api: Caller) -> None:
    for body, place in OF_ANOTHER_TYPE:
        answer = await api.ask("PATCH", PATH, body)
        assert answer.status_code == 400
        told = f"An error occurred while loading the submitted data. {place} must be"
        assert answer.json()["message"].startswith(told), body


async def test_a_form_changes_settings_too(api: Caller) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.ask(
        "PATCH", PATH, content="meta.appName=123&smtp.port=25&superuserIPs=0.0.0.0%2F0", headers=headers
    )
    assert answer.status_code == 200, answer.text
    current = api.services.settings.current
    assert (current.meta.app_name, current.smtp.port, current.superuser_ips) == ("123", 25, ("0.0.0.0/0",))


async def test_a_bucket_cannot_be_tried_yet_and_that_is_said(api: Caller) -> None:
    async def tried(**body: Any) -> Any:
        return (await api.ask("POST", f"{PATH}/test/s3", body)).json()

    assert (await tried())["data"]["filesystem"]["code"] == "validation_required"
    assert (await tried(filesystem="x"))["data"]["filesystem"]["code"] == "validation_in_invalid"
    assert "not enabled" in (await tried(filesystem="storage"))["message"]
    bucket = {
        "enabled": True,
        "bucket": "b",
        "region": "r",
        "endpoint": "s3.example.com",
        "accessKey": "k",
        "secret": "s",
    }
    await change(api, s3=bucket)
    assert "on the disk only" in (await tried(filesystem="storage"))["message"]


async def test_a_client_secret_for_apple_is_a_token_signed_with_the_developers_key(api: Caller) -> None:
    async def asked(**form: Any) -> Any:
        return await api.ask("POST", f"{PATH}/apple/generate-client-secret", form)

    key = ECKey.generate_key("P-256")
    pem = key.as_pem(private=True).decode()
    form = {"clientId": "app", "teamId": "1234567890", "keyId": "0987654321", "privateKey": pem, "duration": 100}
    answer = await asked(**form)
    assert answer.status_code == 200, answer.text
    token = jwt.decode(answer.json()["secret"], key, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "kid": "0987654321", "typ": "JWT"}
    assert {name: token.claims[name] for name in ("iss", "sub", "aud")} == {
        "iss": "1234567890",
        "sub": "app",
        "aud": ["https://appleid.apple.com"],
    }
    assert token.claims["exp"] - token.claims["iat"] == 100
    for wrong, expected in (
        ({"teamId": "123", "privateKey": "nope"}, {"teamId": "length_invalid", "privateKey": "match_invalid"}),
        ({"duration": 0}, {"duration": "required"}),
        ({"duration": -1}, {"duration": "min_greater_equal_than_required"}),
        ({"duration": 15777001}, {"duration": "max_less_equal_than_required"}),
    ):
        refused = await asked(**{**form, **wrong})
        assert {name: one["code"] for name, one in refused.json()["data"].items()} == {
            name: f"validation_{code}" for name, code in expected.items()
        }
    other = ECKey.generate_key("P-384").as_pem(private=True).decode()
    assert "P-256" in (await asked(**{**form, "privateKey": other})).json()["message"]
    assert pem.splitlines()[1] not in (await asked(**{**form, "duration": 0})).text
