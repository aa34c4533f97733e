"""Which parts of the file are never shown: literal secrets, and any value under a secret key."""

import difflib
import re
from collections.abc import Container, Iterable
from functools import cache

from bellbuoy.config.document import Document, Path
from bellbuoy.config.references import is_reference

MASK = "••••••"
MOST = 4096
"""Longest line that is shown."""
NAMES = ("bot_token", "app_token", "signing_secret", "routing_key", "password", "secret", "token")
"""Keys that hold secrets, also when they are misspelt."""
_INNOCENT = frozenset({"token_expiry_warning", "tokens_in", "tokens_out", "tokens_cached", "routes"})
_WORDS = r"token|secret|passw|credential|api_?key|access_?key|routing_?key|private|authoriz|webhook_url|dsn"
_NAME = re.compile(_WORDS, re.IGNORECASE)
_SHAPE = re.compile(
    r"\bxox[a-z]-[\w-]+|\bxapp-[\w-]+|hooks\.slack\.com/\S+|(?<=://)[^\s/@:]{1,256}:[^\s/@]{1,256}(?=@)"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(
    rf"""(?P<key>(?<![\w.-])["']?[\w.-]{{0,64}}?(?:{_WORDS})[\w.-]{{0,64}}["']?\s{{0,64}}:\s{{1,64}})
    (?P<value>"(?:[^"\\]|\\.)*"? | '[^']*'? | \{{(?!\s*(?:env|file)\s*:)[^}}]*\}}? | \[[^\]]*\]? | [^\s{{\[&*|>\#"'][^,}}\]]*)""",
    re.IGNORECASE | re.VERBOSE,
)


@cache
def is_secret_key(key: str | int) -> bool:
    """Tell whether a key holds a secret, also when it is misspelt."""
    if isinstance(key, int) or key in _INNOCENT:
        return False
    return key == "urls" or bool(_NAME.search(key)) or bool(difflib.get_close_matches(key[:64].lower(), NAMES, 1, 0.75))


def under_secret(path: Path) -> bool:
    """Tell whether a path leads to a secret or into one."""
    return any(is_secret_key(key) for key in path)


def is_plausible(reference: object) -> bool:
    """Tell whether a reference names a variable or a file, rather than holding the secret itself."""
    if not is_reference(reference) or not isinstance(reference, dict):
        return False
    kind, target = next(iter(reference.items()))
    if not isinstance(target, str):
        return False
    return bool(_VARIABLE.fullmatch(target)) if kind == "env" else "/" in target or "." in target


def masked(
    lines: list[str],
    document: Document,
    wanted: Iterable[int],
    secrets: Iterable[str] = (),
    literal: Container[Path] = frozenset(),
) -> dict[int, str]:
    """Return the wanted lines (from 1) with every secret blotted out, also where it stands by itself.

    What follows a secret in its line stays in its column. Lines of more than 4,096 characters are left out.

    Args:
        lines: of the file.
        document: what they hold.
        wanted: numbers of lines.
        secrets: values that are known.
        literal: paths at which a secret is written out, whatever their keys are named.
    """
    result = list(lines)
    regions = [
        (path, place)
        for path, place in document.places.items()
        if under_secret(path) or any(path[:size] in literal for size in range(1, len(path) + 1))
    ]
    for path, place in sorted(regions, key=lambda item: item[1].value, reverse=True):
        value = _value(document.data, path)
        if value is None or isinstance(value, (bool, list)) or is_plausible(value):
            continue
        if path[-1] in {"env", "file"} and is_plausible(_value(document.data, path[:-1])):
            continue
        _blot(result, place.value, place.end)
    shown = {number: result[number - 1] for number in set(wanted) if number <= len(result)}
    known = [re.escape(secret) for secret in sorted(secrets, key=len, reverse=True) if len(secret) >= 4]
    if known:
        pattern = re.compile("|".join(known))
        shown = {number: pattern.sub(_covered, line) for number, line in shown.items()}
    return {
        number: _SHAPE.sub(_covered, _TEXT.sub(_covered, line)) for number, line in shown.items() if len(line) <= MOST
    }


def scrub(text: str, secrets: set[str]) -> str:
    """Return a sentence without any of the given values and without anything that looks like a token."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
    return _SHAPE.sub(MASK, text)


def _covered(match: re.Match[str]) -> str:
    key = match.groupdict().get("key", "")
    return key + _cover(match.group()[len(key) :], match.string[match.end() :])


def _value(data: object, path: Path) -> object:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _blot(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Replace a region (lines and columns from 1) by the mask; what follows it in its line stays in its column."""
    first, last = start[0] - 1, min(end[0] - 1, len(lines) - 1)
    for number in range(first, last + 1):
        line = lines[number]
        since = start[1] - 1 if number == first else 0
        until = end[1] - 1 if number == end[0] - 1 else len(line)
        if until > since:
            lines[number] = line[:since] + _cover(line[since:until], line[until:]) + line[until:]


def _cover(secret: str, after: str) -> str:
    return MASK[: len(secret)].ljust(len(secret)) if after.strip() else MASK
