"""Palette and roles of our drawings: one drawing, painted by CSS classes in a page and by colour values elsewhere."""

from html import escape as _escape
from typing import Literal, TypeAlias

from bellbuoy.sinks.text import clean

Theme: TypeAlias = Literal["light", "dark", "page"]

FONT = "Inter, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

PALETTE: dict[str, dict[str, str]] = {
    "light": {
        "card": "#ffffff",
        "ink": "#0f172a",
        "muted": "#586579",
        "rule": "#e5e9f0",
        "ok": "#0f766e",
        "bad": "#c81e1e",
        "base": "#1d4ed8",
        "band": "#dbeafe",
        "tint": "#fde3e3",
        "loss": "#f1b0b0",
    },
    "dark": {
        "card": "#131c31",
        "ink": "#e6ebf5",
        "muted": "#9aa9c4",
        "rule": "#26324d",
        "ok": "#34d8c0",
        "bad": "#ff8a8a",
        "base": "#7cb3ff",
        "band": "#1e3a5f",
        "tint": "#4a2532",
        "loss": "#7d3f4b",
    },
}
"""Colours by name; text has a contrast of 4.5:1 or better against `card`, marks of 3:1 or better."""

ROLES: dict[str, dict[str, str]] = {
    "card": {"fill": "card"},
    "title": {"fill": "ink", "font-weight": "700", "font-size": "17"},
    "subtitle": {"fill": "muted", "font-size": "12.5"},
    "label": {"fill": "muted", "font-size": "12"},
    "grid": {"stroke": "rule", "stroke-width": "1"},
    "band": {"fill": "band"},
    "tint": {"fill": "tint"},
    "normal": {"stroke": "base", "stroke-width": "1.2", "stroke-dasharray": "5 4"},
    "line": {
        "fill": "none",
        "stroke": "ink",
        "stroke-width": "1.6",
        "stroke-linejoin": "round",
        "stroke-linecap": "round",
    },
    "badline": {"fill": "none", "stroke": "bad", "stroke-width": "1.6", "stroke-linejoin": "round"},
    "point": {"fill": "ink"},
    "bad": {"fill": "bad"},
    "ok": {"fill": "ok"},
    "opened": {"stroke": "bad", "stroke-width": "1.6"},
    "resolved": {"stroke": "ok", "stroke-width": "1.6"},
    "note": {
        "fill": "bad",
        "font-weight": "700",
        "font-size": "12",
        "stroke": "card",
        "stroke-width": "3",
        "paint-order": "stroke",
    },
    "oknote": {
        "fill": "ok",
        "font-weight": "700",
        "font-size": "12",
        "stroke": "card",
        "stroke-width": "3",
        "paint-order": "stroke",
    },
    "kept": {"fill": "band"},
    "edge": {"fill": "none", "stroke": "base", "stroke-width": "1.4"},
    "loss": {"fill": "loss"},
}
"""What each part of a drawing looks like: SVG attributes, colours by their name in the palette."""

_COLOURED = {"fill", "stroke"}


def paint(role: str, theme: Theme) -> str:
    """Return the attributes of a part: ` class="c-line"` in a page, colour values otherwise."""
    if theme == "page":
        return f' class="c-{role}"'
    colours = PALETTE[theme]
    return "".join(
        f' {name}="{colours.get(value, value) if name in _COLOURED else value}"' for name, value in ROLES[role].items()
    )


def stylesheet() -> str:
    """Return the CSS of the classes that drawings of the theme `page` wear; colours are the variables `--ink` and so on."""
    lines = []
    for role, attributes in ROLES.items():
        rules = ";".join(f"{name}:{_css(name, value)}" for name, value in attributes.items())
        lines.append(f".c-{role}{{{rules}}}")
    return "\n".join(lines) + "\n"


def variables(theme: Literal["light", "dark"]) -> str:
    """Return the palette as CSS declarations: `--ink:#0f172a;…`."""
    return ";".join(f"--{name}:{value}" for name, value in PALETTE[theme].items())


def _css(name: str, value: str) -> str:
    if name in _COLOURED and value != "none":
        return f"var(--{value})"
    return f"{value}px" if name == "font-size" else value


def words(text: str, limit: int) -> str:
    """Return foreign text for an SVG: cleaned, cut, escaped."""
    return _escape(clean(text, limit), quote=True)


def opening(width: float, height: float, label: str, theme: Theme) -> str:
    """Return the opening tag of a drawing that says its finding to those who cannot see it."""
    size = "" if theme == "page" else f' width="{width:g}" height="{height:g}" font-family="{FONT}"'
    dressed = ' class="c-drawing"' if theme == "page" else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{size}{dressed} viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{words(label, 400)}">'
    )


def path(points: list[tuple[float, float]], *, closed: bool = False) -> str:
    """Return the `d` of a line through the points."""
    drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{drawn}Z" if closed else f"M{drawn}"
