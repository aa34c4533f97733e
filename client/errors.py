"""What asking the daemon can end with, besides an answer."""


class QueryError(Exception):
    """A SELECT was not answered; the text is the daemon's own sentence: what is wrong and the way out.

    Attributes:
        status: HTTP status of the refusal: 400 not allowed or not understood, 401 a token is wanted, 403 switched off,
            408 too slow, 413 too long, 429 too many at once, 503 not now; None where no daemon answered.
        retry_after_s: seconds after which the daemon would like to be asked again, or None.
    """

    def __init__(self, text: str, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def not_now(self) -> bool:
        """The daemon could not be asked: the SELECT may be right, and asking again may help."""
        return self.status in {None, 401, 404, 429} or (self.status is not None and self.status >= 500)


class NoDaemon(QueryError):  # noqa: N818 - the state is the name
    """Nobody answers at the address, or what answers there is no Bellbuoy."""
