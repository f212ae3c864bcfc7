"""Config: what is known at start. An option beats the environment (`PICCOBASE_…`), which beats `App(…)`. Frozen."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from piccobase.base.errors import StartError

PREFIX = "PICCOBASE_"
_ORIGIN = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#@]+")
_CHOICES = {
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("auto", "json", "text"),
    "synchronous": ("NORMAL", "FULL"),
}
_SWITCHES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class ConfigError(StartError):
    """An option, a variable of the environment or an argument of App has a value that cannot be."""

    code = "config.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that is decided before the server starts. Paths are relative to the working directory."""

    data_dir: Path = Path("data")
    database_url: str = ""  # empty: the embedded database in the data dir
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL"  # of the embedded database; FULL: each commit waits for the disk
    secret_key: str = ""  # empty: the file secret.key in the data dir
    host: str = "127.0.0.1"
    port: int = 8090
    workers: int = 1
    cors_origins: tuple[str, ...] = ()  # whose pages may read answers; empty, or `*`: those of all
    log_level: str = "info"  # of messages on stderr, and of those that are kept: debug, info, warning, error
    log_format: str = "auto"  # of stderr: text in a terminal, else json
    logs_max_size: int = 512  # megabytes that the request log may take
    sql: bool = False  # whether superusers may send SQL; `serve --reload` turns it on
    metrics_token: str = ""  # whoever bears it may read /metrics; empty: there is no such path
    tracing: bool = False  # whether requests are traced by OpenTelemetry, which has variables of its own (OTEL_…)
    disabled_plugins: tuple[str, ...] = ()  # names of plugins that are not loaded
    run_jobs: bool = True  # whether a server works on jobs and schedules, too
    job_concurrency: int = 10  # jobs that one process works on at once

    @property
    def embedded(self) -> bool:
        return not self.database_url


def load_config(options: Mapping[str, Any], environment: Mapping[str, str], declared: Mapping[str, Any]) -> Config:
    """Puts the three sources together. Options and declared values that are None count as not given.

    Raises ConfigError for an unknown `PICCOBASE_…` variable, naming the nearest, and for a value of the wrong kind.
    """
    config = Config()
    for source, values in (("App", declared), ("environment", _from_environment(environment)), ("option", options)):
        for name, value in values.items():
            if value is not None and value != "":
                config = replace(config, **{name: _typed(source, name, value)})
    if config.database_url:
        _check_url(config.database_url)
    return config


def _check_url(url: str) -> None:
    """Raises ConfigError without a word of the URL, since what looks like a port may be a part of the password."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ConfigError("The database URL must begin with postgresql://; leave it out for the embedded database.")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ConfigError(
            "The database URL cannot be read: its host or port is none. "
            "In a user's name or password write #, /, ?, @ and [ as %23, %2F, %3F, %40 and %5B."
        ) from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    known = {PREFIX + field.name.upper(): field.name for field in fields(Config)}
    values = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or _is_service_link(variable, text):
            continue
        if variable not in known:
            # Compared without the prefix, which makes any two of them look alike.
            near = difflib.get_close_matches(
                variable.removeprefix(PREFIX), [name.upper() for name in known.values()], 1
            )
            hint = f" Did you mean {PREFIX}{near[0]}?" if near else f" There are {', '.join(sorted(known))}."
            raise ConfigError(f"The variable {variable} is not known.{hint}")
        values[known[variable]] = text
    return values


def _is_service_link(variable: str, text: str) -> bool:
    """What Kubernetes and Docker inject for a service called piccobase: its variables are not meant for us."""
    return variable.startswith((PREFIX + "SERVICE_", PREFIX + "PORT_")) or (
        "://" in text and variable == PREFIX + "PORT"
    )


def _origins(source: str, texts: Iterable[str]) -> tuple[str, ...]:
    origins = tuple(text.strip().rstrip("/") for text in texts if text.strip())
    if "*" in origins:
        return ()
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"cors_origins ({source}) must be origins with commas between them, like https://app.example.com, "
                f"or * for all; {origin!r} is none."
            )
    return tuple(origin.lower() for origin in origins)


def _typed(source: str, name: str, value: Any) -> Any:
    if name == "data_dir":
        return Path(value)
    if name == "disabled_plugins":
        names = value.split(",") if isinstance(value, str) else value
        return tuple(one.strip() for one in names if one.strip())
    if name == "cors_origins":
        return _origins(source, value.split(",") if isinstance(value, str) else value)
    if name == "synchronous":
        value = str(value).upper()
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ConfigError(f"{name} ({source}) must be one of {', '.join(_CHOICES[name])}, not {value!r}.")
    if name in ("port", "workers", "job_concurrency", "logs_max_size"):
        least = int(name == "job_concurrency")
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = -1
        if not least <= number <= 65535:
            raise ConfigError(f"{name} ({source}) must be a number from {least} to 65535, not {value!r}.")
        return number
    if name in ("run_jobs", "sql", "tracing"):
        known = _SWITCHES.get(str(value).lower())
        if known is None:
            raise ConfigError(f"{name} ({source}) must be 1 or 0, not {value!r}.")
        return known
    return str(value)
