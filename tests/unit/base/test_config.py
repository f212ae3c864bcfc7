"""Where config comes from, which source wins, and what is told about mistakes."""

from pathlib import Path
from typing import Any

import pytest

from piccobase.base.config import Config, ConfigError, load_config

PRECEDENCE: list[tuple[dict[str, Any], dict[str, str], dict[str, Any], int]] = [
    ({}, {}, {}, 8090),
    ({}, {}, {"port": 1}, 1),
    ({}, {"PICCOBASE_PORT": "2"}, {"port": 1}, 2),
    ({"port": 3}, {"PICCOBASE_PORT": "2"}, {"port": 1}, 3),
    ({"port": None}, {"PICCOBASE_PORT": "2"}, {"port": 1}, 2),
    ({"port": None}, {"PICCOBASE_PORT": ""}, {"port": 1}, 1),
    ({"port": 0}, {}, {"port": 1}, 0),
]


@pytest.mark.parametrize(("options", "environment", "declared", "port"), PRECEDENCE)
def test_an_option_beats_the_environment_which_beats_the_app(
    options: dict[str, Any], environment: dict[str, str], declared: dict[str, Any], port: int
) -> None:
    assert load_config(options, environment, declared).port == port


def test_every_setting_has_a_variable() -> None:
    environment = {
        "PICCOBASE_DATA_DIR": "elsewhere",
        "PICCOBASE_DATABASE_URL": "postgresql://localhost/x",
        "PICCOBASE_SECRET_KEY": "k",
        "PICCOBASE_HOST": "::1",
        "PICCOBASE_PORT": "1",
        "PICCOBASE_WORKERS": "2",
        "PICCOBASE_SYNCHRONOUS": "full",
        "HOME": "/root",
    }
    assert load_config({}, environment, {}) == Config(
        data_dir=Path("elsewhere"),
        database_url="postgresql://localhost/x",
        secret_key="k",
        host="::1",
        port=1,
        workers=2,
        synchronous="FULL",
    )


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("PICCOBASE_DATADIR", "Did you mean PICCOBASE_DATA_DIR?"),
        ("PICCOBASE_DB_URL", "Did you mean PICCOBASE_DATABASE_URL?"),
        ("PICCOBASE_QQQ", "There are PICCOBASE_CORS_ORIGINS, PICCOBASE_DATABASE_URL, PICCOBASE_DATA_DIR"),
    ],
)
def test_an_unknown_variable_is_an_error_that_names_the_nearest_or_all(variable: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config({}, {variable: "x"}, {})
    assert raised.value.message.startswith(f"The variable {variable} is not known. ")
    assert hint in raised.value.message


@pytest.mark.parametrize(
    "link",
    [
        {"PICCOBASE_SERVICE_HOST": "10.0.0.1"},
        {"PICCOBASE_SERVICE_PORT_HTTP": "80"},
        {"PICCOBASE_PORT": "tcp://10.0.0.1:80"},
        {"PICCOBASE_PORT_80_TCP_ADDR": "10.0.0.1"},
    ],
    ids=str,
)
def test_what_service_links_inject_is_passed_over(link: dict[str, str]) -> None:
    assert load_config({}, link, {}) == Config()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"port": "http"}, "port (option) must be a number from 0 to 65535, not 'http'"),
    ({"port": 65536}, "must be a number from 0 to 65535"),
    ({"port": -1}, "must be a number from 0 to 65535"),
    ({"workers": "many"}, "workers (option) must be"),
    ({"job_concurrency": 0}, "job_concurrency (option) must be a number from 1 to 65535, not 0."),
    ({"run_jobs": "maybe"}, "run_jobs (option) must be 1 or 0, not 'maybe'."),
    ({"synchronous": "off"}, "synchronous (option) must be one of NORMAL, FULL, not 'OFF'."),
    ({"database_url": "mysql://x"}, "The database URL must begin with postgresql://"),
]


@pytest.mark.parametrize(("options", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_value_of_the_wrong_kind_is_told_with_its_source(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(options, {}, {})
    assert told in raised.value.message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2#x@127.0.0.1/db",
        "postgresql://me:hunter2/x@127.0.0.1/db",
        "postgresql://me:hunter2?x@127.0.0.1/db",
        "postgresql://me:hunter2[x@127.0.0.1/db",
        "postgresql://me:hunter2@127.0.0.1:port/db",
        "postgresql://me:hunter2@[::1/db",
        "mysql://me:hunter2@127.0.0.1/db",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="The database URL") as raised:
        load_config({"database_url": url}, {}, {})
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize("url", ["postgresql://", "postgresql:///x", "postgresql://a:b%23@[::1]:5432/x?host=/tmp&a=b"])
def test_a_url_that_can_be_read_is_taken_as_it_is(url: str) -> None:
    assert load_config({"database_url": url}, {}, {}).database_url == url


def test_without_a_url_the_database_is_the_embedded_one() -> None:
    assert load_config({}, {}, {}).embedded
    assert not load_config({"database_url": "postgres://x"}, {}, {}).embedded


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", ()),
        ("", ()),
        ("https://app.example.com", ("https://app.example.com",)),
        (" https://App.example.com/ , http://localhost:3000", ("https://app.example.com", "http://localhost:3000")),
        ("https://app.example.com,*", ()),
    ],
)
def test_origins_are_a_list_with_commas(text: str, origins: tuple[str, ...]) -> None:
    assert load_config({}, {"PICCOBASE_CORS_ORIGINS": text}, {}).cors_origins == origins


@pytest.mark.parametrize("text", ["app.example.com", "https://a.example/path", "https://", "null"])
def test_what_is_no_origin_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match=r"https://app\.example\.com"):
        load_config({}, {"PICCOBASE_CORS_ORIGINS": text}, {})
