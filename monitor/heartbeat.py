"""The dead man's switch: a ping to the outside while all is well, the names of the failed checks when it is not."""

import urllib.error
import urllib.request
from collections.abc import Sequence

TIMEOUT_S = 10.0


def ping(url: str, failed: Sequence[str]) -> bool:
    """Tell the outside how the daemon is; true when it was heard and all is well.

    Args:
        url: of the switch, http or https; `/fail` is added when a check failed.
        failed: names of the checks that failed.
    """
    if not url.startswith(("http://", "https://")):
        return False
    body = "\n".join(failed).encode() if failed else None
    request = urllib.request.Request(url.rstrip("/") + "/fail" if failed else url, data=body)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - checked above
            return not failed
    except (urllib.error.URLError, OSError):
        return False
