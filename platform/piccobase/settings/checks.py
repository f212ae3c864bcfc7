"""What a setting's value can be: small questions that answer with the documented error, or with None."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from piccobase.base.errors import FieldError

REQUIRED = FieldError("validation_required", "Cannot be blank.")
_EMAIL = re.compile(
    r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?:[^\s@.<>\"(),:;\[\]\\-][^\s@.<>\"(),:;\[\]\\]{0,62}\.)+[^\W\d_]{2,63}"
)
_LABEL = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_URL = re.compile(
    r"(?:(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://)?(?:[^\s/?#@]*@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/?#@:\[\]]+)(?::\d{1,5})?(?:[/?#]\S*)?"
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CRON_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_CRON_PART = re.compile(r"(?:\*|(\d{1,4})(?:-(\d{1,4}))?)(?:/(\d{1,4}))?")
MAX_TEXT = 255


def required_text(value: str, longest: int = MAX_TEXT) -> FieldError | None:
    """A text that must be there, of at most so many bytes, as the reference counts."""
    if not value:
        return REQUIRED
    if len(value.encode()) <= longest:
        return None
    message = f"The length must be between 1 and {longest}."
    return FieldError("validation_length_out_of_range", message, {"min": 1, "max": longest})


def exact_length(value: str, length: int) -> FieldError | None:
    """A text of so many characters, or none."""
    if not value or len(value) == length:
        return None
    message = f"The length must be exactly {length}."
    return FieldError("validation_length_invalid", message, {"min": length, "max": length})


def at_least(value: int, least: int) -> FieldError | None:
    """Where 0 is too little, it counts as left out."""
    if value >= least:
        return None
    if value == 0:
        return REQUIRED
    message = f"Must be no less than {least}."
    return FieldError("validation_min_greater_equal_than_required", message, {"threshold": least})


def at_most(value: int, most: int) -> FieldError | None:
    if value <= most:
        return None
    message = f"Must be no greater than {most}."
    return FieldError("validation_max_less_equal_than_required", message, {"threshold": most})


def one_of(value: str, *allowed: str) -> FieldError | None:
    return None if value in allowed else FieldError("validation_in_invalid", "Must be a valid value.")


def email(value: str) -> FieldError | None:
    ok = not value or _EMAIL.fullmatch(value)
    return None if ok else FieldError("validation_is_email", "Must be a valid email address.")


def url(value: str) -> FieldError | None:
    """With or without a scheme; without one the host needs a dot."""
    if not value:
        return None
    found = _URL.fullmatch(value)
    host = found["host"] if found else ""
    if found and (found["scheme"] or "." in host or host.startswith("[")):
        return None
    return FieldError("validation_is_url", "Must be a valid URL.")


def host(value: str) -> FieldError | None:
    if not value or (len(value) <= MAX_TEXT and _HOST.fullmatch(value)) or _is_address(value):
        return None
    return FieldError("validation_is_host", "Must be a valid IP address or DNS name.")


def colour(value: str) -> FieldError | None:
    if not value or _COLOUR.fullmatch(value):
        return None
    return exact_length(value, 7) or FieldError("validation_is_hex_color", "Must be a valid hexadecimal color code.")


def addresses(values: tuple[str, ...]) -> dict[str, FieldError]:
    """The mistakes in a list of IP addresses and subnets, by their place."""
    wrong = FieldError("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")
    return {str(place): wrong if value else REQUIRED for place, value in enumerate(values) if not _is_network(value)}


def cron(value: str) -> FieldError | None:
    """Five segments of numbers, or a macro such as `@daily`. Days of the week go from 0, Sunday, to 6."""
    if not value or value in _CRON_MACROS:
        return None
    segments = value.split(" ")
    if len(segments) != len(_CRON_RANGES):
        return _invalid_cron("Must be a macro such as @daily, or exactly 5 segments with a space between them.")
    for segment, (least, most) in zip(segments, _CRON_RANGES, strict=True):
        for part in segment.split(","):
            found = _CRON_PART.fullmatch(part)
            if not found:
                return _invalid_cron(f'"{part[:40]}" is neither *, nor a number, nor a range of numbers.')
            first, last, step = (int(text) if text else None for text in found.groups())
            if step is not None and not 1 <= step <= most:
                return _invalid_cron(f"The step {step} must be between 1 and {most}.")
            if first is not None and not least <= first <= (first if last is None else last) <= most:
                return _invalid_cron(f'"{part[:40]}" must lie between {least} and {most}.')
    return None


def found(**answers: FieldError | Mapping[str, Any] | None) -> dict[str, Any]:
    """What is left of the answers when those that have nothing to say are dropped; by wire name."""
    return {name: answer for name, answer in answers.items() if answer}


def _invalid_cron(reason: str) -> FieldError:
    return FieldError("validation_invalid_cron", f"Invalid cron expression. {reason}")


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_network(value: str) -> bool:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    return "%" not in value
