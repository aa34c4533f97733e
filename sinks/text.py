"""Foreign text made safe and short, and instants, spans of time and links made readable; shared by all renderings."""

import unicodedata
from datetime import datetime
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SPACES = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_DROPPED = frozenset("\u200b\u200e\u200f\u061c\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_URL_LIMIT = 3000


def clean(text: str, limit: int) -> str:
    """Return `text` on one line, without control and bidi characters, cut to `limit` characters with "…".

    A cut never separates a base character from what combines with it.
    """
    kept: list[str] = []
    for char in text:
        if char in _SPACES:
            kept.append(" ")
        elif char not in _DROPPED and unicodedata.category(char) not in {"Cc", "Cs", "Cn"}:
            kept.append(char)
        if len(kept) > limit:
            break
    return "".join(kept) if len(kept) <= limit else _cut(kept, limit)


def _cut(chars: list[str], limit: int) -> str:
    end = max(0, limit - 1)
    while end > 0 and (unicodedata.combining(chars[end]) or chars[end] in _JOINERS or chars[end - 1] == "\u200d"):
        end -= 1
    return "".join(chars[:end]).rstrip() + "…"


def escape(text: str, limit: int, without: str = "") -> str:
    """Return cleaned `text` with `&`, `<` and `>` escaped for Slack, at most `limit` characters after escaping.

    Args:
        text: foreign text.
        limit: most characters of the answer.
        without: characters that would end the surrounding style, dropped.
    """
    short = clean(text[: 4 * limit + 4] if len(text) > 4 * limit + 4 else text, limit)
    pieces = [_ESCAPED.get(char, char) for char in short if char not in without]
    room = limit
    for place, piece in enumerate(pieces):
        room -= len(piece)
        if room < 0 or (room == 0 and place + 1 < len(pieces)):
            return "".join(pieces[:place]) + "…"
    return "".join(pieces)


def safe_url(url: str) -> str | None:
    """Return an http(s) address that can stand in a message, or None where it is of another kind or too long."""
    try:
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        encoded = quote(url.strip(), safe="%/:=&?~#+!$,;'@()*[]-._")
    except ValueError:  # broken brackets, half a character
        return None
    return encoded if len(encoded) <= _URL_LIMIT else None


def link(url: str, label: str) -> str:
    """Return a link in Slack's markup; address and label must be safe already."""
    return f"<{url.replace('&', '&amp;')}|{label}>"


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name, or UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local(at: float, timezone: str) -> datetime:
    """Return the instant `at` (epoch seconds) on the clocks of `timezone`."""
    return datetime.fromtimestamp(at, zone(timezone))


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def weekday(at: float, timezone: str) -> str:
    """Return "Sat 03:00"."""
    when = local(at, timezone)
    return f"{_DAYS[when.weekday()]} {when:%H:%M}"


def day(at: float, timezone: str) -> str:
    """Return "Sat 21"."""
    when = local(at, timezone)
    return f"{_DAYS[when.weekday()]} {when.day}"


def month_day(at: float, timezone: str) -> str:
    """Return "21 Nov"."""
    when = local(at, timezone)
    return f"{when.day} {_MONTHS[when.month - 1]}"


def moment(at: float, timezone: str) -> str:
    """Return "Sat 21 Nov 03:00"."""
    when = local(at, timezone)
    return f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when:%H:%M}"


def duration(seconds: float) -> str:
    """Return "9 h 12 min", "45 min" or "3 d 4 h": two units at most."""
    minutes = max(0, round(seconds / 60))
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    parts = ((days, "d"), (hours_left, "h")) if days else ((hours_left, "h"), (minutes_left, "min"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 min"
