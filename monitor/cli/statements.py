"""Where one statement ends and the next begins: at a `;` that stands in no text, name or comment."""

import re
from dataclasses import dataclass

_OPENS = re.compile(r"""--|/\*|(?<![\w$])[eE]'|'|"|;|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$""")
_CLOSES = {  # matched where the text, name or comment begins
    "--": re.compile(r"[^\n]*\n"),
    "'": re.compile(r"[^']*'"),  # a doubled one closes and opens again
    '"': re.compile(r'[^"]*"'),
    "e'": re.compile(r"""(?:[^'\\]|\\.)*'""", re.DOTALL),
}
_NESTED = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Split:
    """A text in statements.

    Attributes:
        whole: the statements that a `;` ended, without it; none is empty.
        rest: what stands behind the last `;`; "" where that is blanks and comments.
        inside: the rest ends within a text, a quoted name or a comment: a `;` would not end it.
    """

    whole: tuple[str, ...]
    rest: str
    inside: bool

    @property
    def all(self) -> tuple[str, ...]:
        """The statements, the last one with or without a `;` behind it."""
        return (*self.whole, self.rest) if self.rest else self.whole


def split(text: str) -> Split:
    """Return the statements of a text, by DuckDB's rules: comments nest, `$tag$` quotes, `e'…'` knows a backslash."""
    whole: list[str] = []
    start = at = 0
    said = False  # the present statement holds more than comments and blanks
    while opened := _OPENS.search(text, at):
        mark = opened.group()
        said = said or bool(text[at : opened.start()].strip())
        at = opened.end()
        if mark == ";":
            if said:
                whole.append(text[start : opened.start()].strip())
            start, said = at, False
            continue
        end = _end(text, at, mark)
        said = said or mark not in {"--", "/*"}
        if end is None:
            return Split(tuple(whole), text[start:].strip() if said or mark == "/*" else "", mark != "--")
        at = end
    said = said or bool(text[at:].strip())
    return Split(tuple(whole), text[start:].strip() if said else "", inside=False)


def _end(text: str, at: int, mark: str) -> int | None:
    """Return where what `mark` has opened ends, or None."""
    if mark == "/*":
        depth = 1
        while depth:
            found = _NESTED.search(text, at)
            if found is None:
                return None
            depth += 1 if found.group() == "/*" else -1
            at = found.end()
        return at
    if mark.startswith("$"):
        place = text.find(mark, at)
        return None if place < 0 else place + len(mark)
    closed = _CLOSES[mark.lower()].match(text, at)
    return closed.end() if closed else None
