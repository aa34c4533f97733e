"""The sink for the long tail: about a hundred services through the library Apprise, one way and no more."""

import importlib
import logging
from dataclasses import dataclass
from typing import Any, ClassVar

from bellbuoy.sinks.base import Handle, Page, Receipt, Retry, Secret, Sent
from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.chart_png import png
from bellbuoy.sinks.text import clean, safe_url
from bellbuoy.sinks.wording import plain, told

BODY = 1900
"""Characters of a message: what the narrower services take."""
CALLS_NOBODY = str.maketrans("@<>", "＠‹›")
"""What calls people, or is markup, in one service or another."""


@dataclass(frozen=True)
class Apprise:
    """Sends each change of an incident as a text, with the chart, to any service that the library Apprise knows.

    Apprise does the sending: with its own time limits, and it says only whether a service took the message, not why it did
    not. So every failure is tried again, without end.

    Attributes:
        urls: Apprise's addresses of the services, each a secret; one that took a change is not sent it again.
    """

    urls: tuple[Secret, ...]

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = False
    images: ClassVar[bool] = True
    resolves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse settings that can never send.

        Raises:
            ImportError: the extra is not installed.
            ValueError: what is missing or wrong, and the way out.
        """
        if not self.urls:
            raise ValueError("`urls` of apprise is empty; give the address of a service")
        library = _library()
        for number, url in enumerate(self.urls, 1):
            if not library.Apprise().add(url.reveal()):
                raise ValueError(
                    f"`urls` of apprise: Apprise does not know what address {number} means; see its list of services"
                )

    def send(self, page: Page) -> Receipt:
        """Send the change to each service that has not taken it yet."""
        handle = dict(page.handle or {})
        if page.version <= int(handle.get("version", "0")):
            return Sent(handle)
        done = handle.get("done", "").split() if handle.get("sending") == str(page.version) else []
        message = _message(page)
        for number, url in enumerate(self.urls):
            if str(number) not in done and _sent(url, message):
                done.append(str(number))
        if len(done) < len(self.urls):
            return Retry(None, "no_answer", _progress(handle, page, done))
        return Sent({"version": str(page.version)})


def _progress(handle: Handle, page: Page, done: list[str]) -> Handle:
    return {"version": handle.get("version", "0"), "sending": str(page.version), "done": " ".join(done)}


def _library() -> Any:
    """Return the library, made silent: its lines, and those of what it sends with, may hold addresses with keys.

    Raises:
        ImportError: it is not installed.
    """
    try:
        library = importlib.import_module("apprise")
    except ImportError:
        raise ImportError("the sink apprise wants the library: pip install 'bellbuoy[apprise]'") from None
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return library


def _sent(url: Secret, message: dict[str, Any]) -> bool:
    library = _library()
    service = library.Apprise(asset=library.AppriseAsset(http_redirects=False))
    service.add(url.reveal())
    return bool(service.notify(**message))


def _message(page: Page) -> dict[str, Any]:
    """Return what `Apprise.notify` is given."""
    library = _library()
    kind = (
        "success"
        if page.state == "resolved"
        else {"page": "failure", "ticket": "warning", "watch": "info"}[page.severity]
    )
    made: dict[str, Any] = {
        "title": clean(page.headline, 150).translate(CALLS_NOBODY),
        "body": body(page),
        "notify_type": library.NotifyType(kind),
        "body_format": library.NotifyFormat.TEXT,
    }
    if page.chart is not None:
        memory = importlib.import_module("apprise.attachment.memory")
        picture = png(svg(page.chart))
        made["attach"] = memory.AttachMemory(content=picture, name="chart.png", mimetype="image/png")
    return made


def body(page: Page) -> str:
    """Return the text of a page, most important first, at most `BODY` characters, whole lines."""
    lines = [clean(page.summary, 300), plain(page.impact, 600)]
    lines += [clean(item.text, 300) for item in page.news[-3:]]
    lines += [f"{label}: {value}" for label, value in told(page, 20, 300).items()]
    links = [
        f"{clean(one.label, 60)}: ".translate(CALLS_NOBODY) + url
        for one in page.links[:3]
        if (url := safe_url(one.url))
    ]
    room = BODY - sum(len(one) + 1 for one in links if len(one) < BODY // 4)
    kept: list[str] = []
    for line in (one.translate(CALLS_NOBODY) for one in lines if one):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, *(one for one in links if len(one) < BODY // 4)])
