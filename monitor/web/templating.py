"""The templates, with the words that all of them share: of the dashboard, and of a page that stands alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from bellbuoy.monitor.auditing import telling
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.mapping import wording as mapped
from bellbuoy.monitor.web import wording
from bellbuoy.monitor.web.assets import sheet

TEMPLATES = Path(__file__).parent / "templates"


def environment() -> jinja2.Environment:
    """Return the templates; whatever is put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for tool in ("name", "text", "plain", "percent", "points", "direction", "count", "plural", "size", "age"):
        made.filters[tool] = getattr(wording, tool)
    made.filters["safe_link"] = wording.link
    made.filters["coded"] = coded
    made.globals.update(zip=zip, path=wording.path, marks=wording.MARKS, telling=telling, mapped=mapped)
    return made


def coded(sentence: str) -> Markup:
    """Return a sentence escaped, with what stands between backticks as code."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 and place + 1 < len(parts) else part
        for place, part in enumerate(parts)
    )


def page_of(audits: Sequence[Audit], *, whole: bool = False) -> str:
    """Return audits as one page that needs nothing else: no script, no other file, made to be printed on A4."""
    given: dict[str, Any] = {
        "audits": audits,
        "most": None if whole else telling.LISTED,
        "title": ", ".join(wording.name(one.map.workflow) for one in audits[:3]),
        "style": Markup(sheet("", "alone", "audit")),  # noqa: S704 - our own
    }
    return environment().get_template("audit_alone.html").render(**given)
