"""Numbers and times as pages say them."""

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


def grouped(number: int) -> str:
    """`34,012`"""
    return f"{number:,}"
