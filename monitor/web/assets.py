"""The files a page names: made once at start, served under a name that holds the hash of the content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bellbuoy.sinks.paint import stylesheet, variables

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its address and what is served there."""

    url: str
    kind: str
    body: bytes

    def response(self) -> Response:
        """Return the file; it never changes under this address."""
        return Response(self.body, media_type=self.kind, headers={"cache-control": FOREVER})


def assets() -> dict[str, Asset]:
    """Return the assets by short name: `style` and `icon`."""
    style = sheet(stylesheet(), "bellbuoy", "audit")
    return {
        "style": _asset("bellbuoy", "css", "text/css", style.encode()),
        "icon": _asset("buoy", "svg", "image/svg+xml", (STATIC / "buoy.svg").read_bytes()),
    }


def sheet(first: str, *files: str) -> str:
    """Return a stylesheet: the colours of both themes, some text, and files of ours by name."""
    colours = f":root{{{variables('light')}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{variables('dark')}}}}}\n"
    return colours + first + "".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in files)


def serve(made: dict[str, Asset], request: Request) -> Response:
    """Return the asset at the request's path, or 404."""
    for asset in made.values():
        if asset.url == request.url.path:
            return asset.response()
    return Response("No such file.\n", 404, media_type="text/plain")


def _asset(stem: str, suffix: str, kind: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(f"/static/{stem}-{digest}.{suffix}", kind, body)
