"""Which failure ends with which exit code, and the sentence a user reads."""

import errno

DONE_NO = 1
WRONG_USE = 2
BUG = 70
NOT_NOW = 75
BAD_CONFIG = 78

FULL = (errno.ENOSPC, errno.EDQUOT)


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
    if names & {"PluginError", "SignalError", "SourceSettings"}:
        return Failure(f"error: {error}", BAD_CONFIG)
    if names & {"StoreLocked", "StoreNewer", "StoreForeign", "StoreError"}:
        return Failure(f"error: {error}", NOT_NOW)
    if names & {"SourceStopped", "ReplayError", "KafkaError", "ListenError"}:
        return Failure(f"error: {error}", NOT_NOW)
    if isinstance(error, OSError) and (error.errno in FULL or error.filename is not None):
        place = f"{error.filename}: " if error.filename is not None else ""
        reason = (error.strerror or type(error).__name__).lower()
        if error.errno in FULL:
            return Failure(f"error: {place}{reason}; make room, then run it again", NOT_NOW)
        return Failure(f"error: {place}{reason}; name another file or see to its permissions", WRONG_USE)
    return None
