"""Which failure ends with which exit code, and the sentence a user reads."""

DONE_NO = 1
WRONG_USE = 2
BUG = 70
NOT_NOW = 75
BAD_CONFIG = 78


class Failure(Exception):  # noqa: N818 - it ends a command; most are no errors of the program
    """Ends a command with a sentence and an exit code.

    Attributes:
        text: what is wrong and what to do.
        code: exit code.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def ends(error: BaseException) -> Failure | None:
    """Return how a known error ends a command; None for a bug. Imports nothing that the command did not import."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ConfigError" in names:
        return Failure(str(error), BAD_CONFIG)
    if names & {"StoreLocked", "StoreNewer", "StoreForeign", "StoreError"}:
        return Failure(f"error: {error}", NOT_NOW)
    if names & {"SourceSettings", "SourceStopped", "ReplayError", "ListenError"}:
        return Failure(f"error: {error}", NOT_NOW)
    return None
