"""`/i/INC/samples`: the interactions behind an incident, and where a person looks at each of them."""

from starlette.requests import Request
from starlette.responses import Response

from bellbuoy.monitor.stories import NotTold
from bellbuoy.monitor.web import wording
from bellbuoy.monitor.web.pages import Pages, data_of
from bellbuoy.monitor.web.people import Stories

PATH = "/i/{key}/samples"


class Samples:
    """The page.

    Args:
        pages: lay it out.
        stories: knows the interactions; None: no incidents are kept here.
    """

    def __init__(self, pages: Pages, stories: Stories | None) -> None:
        self._pages = pages
        self._stories = stories

    def show(self, request: Request) -> Response:
        """Answer `/i/{key}/samples`: show me some."""
        key = request.path_params["key"]
        try:
            found = None if self._stories is None else self._stories.behind(key)
        except NotTold:
            found = None
        if found is None:
            return self._pages.problem(404, f"No incident has the id “{wording.name(key)}”.")
        if request.url.path.endswith(".json"):
            return data_of(found)
        return self._pages.page("samples.html", "Failed interactions", view=found)
