"""The chart on its way to Slack: rendered, uploaded in Slack's three steps, waited for until it can be shown."""

from collections.abc import Callable

from slack_sdk import WebClient

from bellbuoy.sinks.chart_png import png
from bellbuoy.sinks.outgoing import Failed, post, refuse
from bellbuoy.sinks.slack_api import call

POLLS = 20
POLL_S = 0.5
"""At most ten seconds: an image that Slack has not processed yet makes the whole message invalid."""


def upload(api: WebClient, svg: str, name: str, alt: str, wait: Callable[[float], object]) -> str:
    """Upload the drawing as a PNG and return the id of the file, ready to be shown.

    Args:
        api: the client.
        svg: the drawing.
        name: of the file.
        alt: what it shows, for those who cannot see it.
        wait: called between two looks at the file.

    Raises:
        Failed: any of the steps failed; the message goes out without the image.
    """
    try:
        picture = png(svg)
    except (ImportError, ValueError, RuntimeError):
        raise Failed("invalid_page", "the chart cannot be rendered", code="render") from None
    place = call(api.files_getUploadURLExternal, filename=name, length=len(picture), alt_txt=alt[:1000])
    refuse(post(str(place.get("upload_url", "")), picture, {"Content-Type": "application/octet-stream"}))
    file = str(place.get("file_id", ""))
    call(api.files_completeUploadExternal, files=[{"id": file, "title": name}])
    for turn in range(POLLS):
        if call(api.files_info, file=file).get("file", {}).get("mimetype"):
            return file
        if turn + 1 < POLLS:
            wait(POLL_S)
    raise Failed("no_answer", "Slack did not process the image in time", code="image")
