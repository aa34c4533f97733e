"""How numbers, instants and states are written on a page. Pure; what is not known is said in words."""

from urllib.parse import quote

from bellbuoy.sinks.base import Sentence
from bellbuoy.sinks.text import clean, duration, moment, safe_url

NAME_LIMIT = 80
TEXT_LIMIT = 1200

MARKS: dict[str, tuple[str, str, str]] = {
    "steady": ("●", "ok", "steady"),
    "watch": ("▲", "warn", "watch"),
    "worse": ("◆", "bad", "worse than normal"),
    "better": ("●", "base", "better than normal"),
    "learning": ("○", "muted", "learning what is normal"),
    "stale": ("□", "muted", "no fresh data"),
    "none": ("□", "muted", "not watched"),
    "page": ("◆", "bad", "page"),
    "ticket": ("▲", "warn", "ticket"),
    "open": ("◆", "bad", "open"),
    "acknowledged": ("▲", "warn", "acknowledged"),
    "resolved": ("●", "ok", "resolved"),
    "reading": ("●", "ok", "reading"),
    "finished": ("●", "muted", "read to its end"),
    "paused": ("▲", "warn", "paused"),
    "stopped": ("◆", "bad", "stopped"),
    "good": ("●", "ok", "good"),
    "harden": ("▲", "warn", "harden"),
    "kill": ("✕", "bad", "kill"),
    "unproven": ("○", "muted", "keep, unproven"),
    "keep": ("●", "ok", "keep"),
    "not_judged": ("□", "muted", "not judged"),
    "failed": ("◆", "bad", "failed"),
}
"""Each state as a shape, a colour and a word: never by colour alone."""


def name(text: str) -> str:
    """Return a foreign name, made harmless and cut."""
    return clean(text, NAME_LIMIT) or "(no name)"


def text(words: str) -> str:
    """Return a foreign sentence, made harmless and cut."""
    return clean(words, TEXT_LIMIT)


def plain(sentence: Sentence) -> str:
    """Return a sentence without its styles."""
    return text("".join(span.text for span in sentence))


def percent(share: float | None, digits: int = 1) -> str:
    """Return "94.8 %", or "–" where nothing is known. Neither 100 nor 0 is rounded to."""
    if share is None:
        return "–"
    shown = f"{100 * share:.{digits}f}"
    edge = 10.0**-digits
    if share < 1 and float(shown) >= 100:
        shown = f"{100 - edge:.{digits}f}"
    elif share > 0 and float(shown) <= 0:
        shown = f"< {edge:.{digits}f}"
    return f"{shown} %"


def points(change: float | None) -> str:
    """Return "−8.9 pt" with a true minus sign."""
    if change is None:
        return "no baseline yet"
    shown = f"{100 * change:+.1f} pt"
    return shown.replace("-", "−") if shown != "-0.0 pt" else "+0.0 pt"


def direction(change: float | None) -> str:
    """Return the class of a change: `bad` when it is clearly down, `ok` when up, else `muted`."""
    if change is None or abs(change) < 0.0005:
        return "muted"
    return "bad" if change <= -0.02 else "ok" if change >= 0.02 else "muted"


def count(number: float | None) -> str:
    """Return "12,345"."""
    return "–" if number is None else f"{number:,.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return "1 incident" or "3 incidents"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int | None) -> str:
    """Return a size in bytes as "12.3 MiB"."""
    if number is None:
        return "size unknown"
    amount, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def age(seconds: float | None) -> str:
    """Return "12 s", "5 min" or "3 d 4 h"."""
    if seconds is None:
        return "never"
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else duration(seconds)


def when(at: float, timezone: str) -> str:
    """Return "Sat 21 Nov 03:00" on the clocks of the time zone."""
    return moment(at, timezone)


def link(url: str) -> str:
    """Return an address that may be clicked, or an empty string."""
    return safe_url(url) or ""


def path(*parts: str) -> str:
    """Return a path of our own from foreign parts: `/w/lead-qualifier`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
