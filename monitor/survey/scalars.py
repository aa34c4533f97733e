"""Texts as they stand in YAML: as values, and in comments."""

import re

_PLAIN = re.compile(r"(?:\.{0,2}/)?[A-Za-z_][A-Za-z0-9_./*-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_DOLLAR = "${BELLBUOY_DOLLAR:-$}{"
"""What is read as `${`: a variable that nobody sets, whose default is the sign."""


def scalar(text: str) -> str:
    """Return a text as a YAML value that is read as just this text, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_character, text.replace("${", _DOLLAR))) + '"'


def _character(one: str) -> str:
    if one in '"\\':
        return "\\" + one
    if _stands(one):
        return one
    return f"\\u{ord(one):04x}" if ord(one) <= 0xFFFF else f"\\U{ord(one):08x}"


def remark(text: str) -> str:
    """Return a text as it may stand in a comment: in one line, with nothing that ends it or steers a terminal."""
    return "".join(one if _stands(one) else "·" for one in text)


def _stands(one: str) -> bool:
    """Tell whether a character may stand in YAML as it is; those past the basic plane are not read everywhere."""
    return one.isprintable() and ord(one) <= 0xFFFD
