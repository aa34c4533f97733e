"""Reads the secrets that `{env: NAME}` and `{file: PATH}` name; nothing else is read here."""

from collections.abc import Mapping
from pathlib import Path

from pydantic_core import PydanticCustomError

from bellbuoy.config.masking import is_plausible
from bellbuoy.config.references import is_reference
from bellbuoy.sinks.base import Secret

MAX_SECRET = 64 << 10
"""Largest secret file that is read."""


class SecretFiles:
    """Reads what `{env: NAME}` and `{file: PATH}` name, and remembers the values so that no message shows them.

    Args:
        environ: variables.
        folder: files are relative to it.
        wanted: false lets a secret be empty that is not there.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path, *, wanted: bool = True) -> None:
        self.environ = environ
        self.folder = folder
        self.wanted = wanted
        self.values: set[str] = set()

    def secret(self, reference: object) -> Secret:
        """Return the secret, see `bellbuoy.config.references.SecretReader`."""
        if not is_reference(reference) or not isinstance(reference, dict) or not is_plausible(reference):
            raise PydanticCustomError("secret_literal", "")
        kind, target = next(iter(reference.items()))
        try:
            value = self._variable(target) if kind == "env" else self._file(target)
        except PydanticCustomError:
            if self.wanted:
                raise
            return Secret("")
        self.values.add(value)
        return Secret(value)

    def _variable(self, name: str) -> str:
        value = self.environ.get(name, "")
        if not value:
            raise PydanticCustomError("secret_env", "", {"name": name})
        return value

    def _file(self, name: str) -> str:
        try:
            with (self.folder / name).open("rb") as file:
                value = file.read(MAX_SECRET + 1).decode().strip("\r\n")
        except UnicodeDecodeError:
            raise PydanticCustomError("secret_file", "", {"path": name, "problem": "is not UTF-8"}) from None
        except (OSError, ValueError) as problem:
            reason = f"cannot be read: {(getattr(problem, 'strerror', None) or 'not a path').lower()}"
            raise PydanticCustomError("secret_file", "", {"path": name, "problem": reason}) from None
        if not value or len(value) > MAX_SECRET:
            raise PydanticCustomError(
                "secret_file", "", {"path": name, "problem": "is too large" if value else "is empty"}
            )
        return value
