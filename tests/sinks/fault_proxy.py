"""A proxy before any HTTP service that fails as it is told: `fail(Fault(status=429, …))`, `fail(Fault("reset_after"))`.

Usable from any test: `with FaultProxy(slack.url) as proxy: Slack(…, api_url=f"{proxy.url}api/")`.
"""

import http.client
from urllib.parse import urlsplit

from bellbuoy.sinks.testing_receiver import Fault, Receiver, Reply, Request

RATE_LIMITED = Fault(status=429, headers={"Retry-After": "1"}, body=b'{"ok":false,"error":"ratelimited"}')
ANSWER_LOST = Fault("reset_after")
NOT_TAKEN = Fault("reset_before")


class FaultProxy(Receiver):
    """Hands every request on to `upstream` but those that a fault is for.

    A fault without a path is for `chat.postMessage`. `reset_before` and `status` keep the request from the upstream,
    `reset_after` and `hang_after` let it through and lose the answer.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = urlsplit(upstream).netloc

    def meant(self, fault: Fault, path: str) -> bool:
        return (fault.path or "chat.postMessage") in path

    def respond(self, request: Request) -> Reply:
        self.accepted.append(request)
        connection = http.client.HTTPConnection(self.upstream, timeout=10)
        try:
            headers = {name: value for name, value in request.headers.items() if name not in {"host", "connection"}}
            connection.request("POST", request.path, request.body, headers)
            answer = connection.getresponse()
            kept = {"Content-Type": answer.headers.get("Content-Type", "application/json")}
            return Reply(answer.status, answer.read(), kept)
        finally:
            connection.close()
