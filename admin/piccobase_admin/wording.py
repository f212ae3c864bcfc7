"""Numbers and times as pages say them."""

import json
from datetime import datetime

from piccobase.extending import unix_time

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def ago(moment: str) -> str:
    """How long ago an instant of the wire was: `5 minutes ago`, up to a month; then its date."""
    then = datetime.fromisoformat(moment)
    seconds = max(0.0, unix_time() - then.timestamp())
    if seconds > 30 * 86_400:
        return then.date().isoformat()
    for size, unit in _UNITS:
        if count := int(seconds // size):
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def ahead(moment: str) -> str:
    """How long it is until an instant of the wire: `in 5 minutes`, up to a month; then its date."""
    then = datetime.fromisoformat(moment)
    seconds = then.timestamp() - unix_time()
    if seconds > 30 * 86_400:
        return then.date().isoformat()
    for size, unit in _UNITS:
        if count := int(seconds // size):
            return f"in {count} {unit}{'s' if count > 1 else ''}" if seconds > 0 else "now"
    return "in a moment" if seconds > 0 else "now"


def lasted(milliseconds: int) -> str:
    """How long something took: `240 ms`, `3.2 s`, `5 min`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds // 60_000} min"


def arguments(text: str) -> str:
    """A JSON object as the arguments of a call: `user="ada", n=1`; "" for none."""
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in json.loads(text).items())


def grouped(number: int) -> str:
    """`34,012`"""
    return f"{number:,}"
