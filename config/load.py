"""Reads the YAML: a file or a text in, a `Config` or all findings with their places out.

The only place that reads YAML and the environment.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bellbuoy.config import document as documents
from bellbuoy.config.document import Document, Trouble
from bellbuoy.config.errors import WARNINGS, ConfigError, Finding, Remark
from bellbuoy.config.faults import translate
from bellbuoy.config.lint import lint
from bellbuoy.config.masking import masked, scrub
from bellbuoy.config.model import Config
from bellbuoy.config.names import check_names
from bellbuoy.config.plugins import check_objects, check_plugins
from bellbuoy.config.secret_files import SecretFiles

T = TypeVar("T", bound=BaseModel)
MAX_BYTES = 1 << 20
"""Largest configuration that is read."""
MOST = 200
"""Findings that are told of one file."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


Rule: TypeAlias = Callable[[Config], Iterable[Remark]]
"""What says what is wrong or doubtful in a valid configuration."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What a YAML file that is no configuration says, and where.

    Attributes:
        says: the data, as its model has it.
        name: of the file.
        text: as written. document: the places in it.
    """

    says: T
    name: str
    text: str
    document: Document

    def line(self, path: documents.Path) -> int:
        """Return the line in which something begins, from 1."""
        return self.document.place(path).key[0]

    def refused(self, remarks: Iterable[Remark]) -> ConfigError:
        """Return the error that refuses the file for what was remarked."""
        return ConfigError(_findings(self.name, self.text, self.document, remarks))


@dataclass(frozen=True, slots=True)
class Inspection:
    """What reading a configuration gave.

    Attributes:
        config: the configuration, or None where there are errors.
        findings: errors and warnings in file order.
    """

    config: Config | None
    findings: tuple[Finding, ...]


def load(path: Path, *, environ: Mapping[str, str] | None = None, secrets: bool = True) -> Config:
    """Return the configuration in a file.

    Args:
        path: the file.
        environ: variables for `${NAME}` and `{env: NAME}`; the process's own unless given.
        secrets: false for commands that only ask: a secret that is not there is empty.

    Raises:
        ConfigError: with everything that is wrong, in file order.
    """
    return _accepted(inspect(path, environ=environ, secrets=secrets))


def load_text(text: str, name: str = "bellbuoy.yaml", *, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration in a text; `name` stands for the file in messages, see `load`."""
    return _accepted(inspect_text(text, name, environ=environ))


def digest(path: Path) -> str:
    """Return 12 characters of the SHA-256 of a file, by which a daemon says what it has read; '' where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return ""


def load_as(path: Path, model: type[T], option: str) -> Written[T]:
    """Return what a YAML file that is no configuration says.

    Args:
        path: the file.
        model: of what it says.
        option: that names the file on the command line.

    Raises:
        ConfigError: with everything that is wrong, in file order.
    """
    text = _text_of(path, option)
    if isinstance(text, Finding):
        raise ConfigError([text])
    document = _compose(text, {}, begin=f"{next(iter(model.model_fields))}:")
    remarks: list[Remark] = []
    if not document.broken:
        try:
            says = model.model_validate(document.data, context={})
        except ValidationError as problem:
            remarks = translate(problem.errors(include_url=False)[: 5 * MOST], document, model)
        else:
            if not document.troubles:
                return Written(says, str(path), text, document)
    raise ConfigError(_findings(str(path), text, document, remarks))


def inspect(
    path: Path, *, environ: Mapping[str, str] | None = None, secrets: bool = True, beyond: Rule | None = None
) -> Inspection:
    """Read a file and return what it says and all that was found, warnings included; never raises for its content.

    Args:
        path: the file.
        environ: variables; those of the process unless given.
        secrets: whether secrets are read.
        beyond: what else is to be said of a configuration, by what stands above it; asked once it is valid.
    """
    text = _text_of(path, "--config")
    if isinstance(text, Finding):
        return Inspection(None, (text,))
    return inspect_text(text, str(path), environ=environ, folder=path.parent, secrets=secrets, beyond=beyond)


def inspect_text(
    text: str,
    name: str,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    secrets: bool = True,
    beyond: Rule | None = None,
) -> Inspection:
    """Read a text, see `inspect`; files of secrets are relative to `folder`."""
    if len(text) > MAX_BYTES:
        return Inspection(None, (_too_large(name),))
    text = text.removeprefix("\ufeff")
    reader = SecretFiles(os.environ if environ is None else environ, folder or Path(), wanted=secrets)
    document = _compose(text, reader.environ)
    config, remarks = (None, []) if document.broken else _validate(document, reader)
    right = config is not None and not document.troubles and all(remark.code in WARNINGS for remark in remarks)
    if right and config is not None and beyond is not None:
        remarks = [*remarks, *beyond(config)]
    findings = _findings(name, text, document, remarks, reader.values)
    refused = any(finding.level == "error" for finding in findings)
    return Inspection(None if refused else config, findings)


def _text_of(path: Path, option: str) -> str | Finding:
    """Return the text of a file, or why it cannot be read; `option` names it on the command line."""
    name = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = (getattr(problem, "strerror", None) or "not a path").lower()
        return _refused(name, "BB115", f"this file cannot be opened: {reason}; name it with {option}")
    try:
        text = raw[:MAX_BYTES].decode() if len(raw) > MAX_BYTES else raw.decode()
    except UnicodeDecodeError as problem:
        if len(raw) > MAX_BYTES:
            return _too_large(name)
        line = raw.count(b"\n", 0, problem.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, problem.start) + 1 : problem.start].decode(errors="replace")) + 1
        return _refused(name, "BB115", "this is not UTF-8; save the file as UTF-8", (line, column))
    return _too_large(name) if len(raw) > MAX_BYTES else text.removeprefix("\ufeff")


def _findings(
    name: str, text: str, document: Document, remarks: Iterable[Remark], secrets: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return what is wrong in the text itself and what was remarked of what it says, in file order; values of secrets are hidden."""
    remarks = list(remarks)
    hidden = {*secrets, *document.expanded}
    taken = {trouble.at for trouble in document.troubles}
    placed = {_placed(remark, document) for remark in remarks}
    troubles = {*document.troubles, *(trouble for trouble in placed if trouble.at not in taken)}
    ordered = sorted(troubles, key=lambda trouble: (*trouble.at, trouble.code, trouble.message))
    shown = [trouble.at[0] for trouble in ordered[:MOST]]
    literal = {remark.path for remark in remarks if remark.code == "BB110"}
    lines = masked(text.splitlines(), document, shown, secrets, literal) if ordered else {}
    findings = [_finding(name, trouble, lines, hidden) for trouble in ordered[:MOST]]
    if len(ordered) > MOST:
        findings[-1] = replace(findings[-1], hint=f"{len(ordered) - MOST:,} more follow")
    return tuple(findings)


def _compose(text: str, environ: Mapping[str, str], begin: str = "version: 1") -> Document:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        code = "BB117" if "nesting depth" in str(problem.problem) else "BB114"
        return _broken(code, at, _explain(str(problem.problem or "it cannot be read"), text.splitlines(), at))
    except (yaml.YAMLError, UnicodeError):
        at = _first_unreadable(text)
        return _broken("BB114", at, "a control character stands here; delete it")
    if root is None:
        return _broken("BB114", (1, 1), f"the file is empty; begin with {begin}")
    return documents.read(root, environ)


def _broken(code: str, at: tuple[int, int], message: str) -> Document:
    return Document(troubles=[Trouble(code, at, message)], broken=True)


_EXPLAINED = {
    "found undefined alias": "this alias names no anchor; write &NAME at the value it stands for, or quote the *",
    "but found another document": "a second document begins here; a configuration is one document",
    "mapping values are not allowed in this context": "a second ': ' in one line; put the value in quotes",
    "found character that cannot start any token": "this character begins nothing; put the value in quotes, use no tabs",
    "did not find expected node content": "a value is missing, or a bracket is not closed",
    "did not find expected ',' or ']'": "a comma or a ] is missing",
    "did not find expected ',' or '}'": "a comma or a } is missing",
    "did not find expected key": "this is no key: look at the indentation, brackets and quotes before it",
    "did not find expected '-' indicator": "the list ends here without its '- ': look at the indentation",
    "could not find expected ':'": "a key without ': '",
    "found unexpected end of stream": "a quotation mark is not closed",
    "exceeded maximum nesting depth": f"nested deeper than {documents.MAX_DEPTH} levels",
}


def _explain(said: str, lines: list[str], at: tuple[int, int]) -> str:
    line = lines[at[0] - 1] if at[0] <= len(lines) else ""
    if line[at[1] - 1 : at[1]] == "\t":
        return "not valid YAML: a tab stands here; indent with spaces"
    if "${" in line:
        return 'not valid YAML: between { } or [ ] a variable stands in quotes; write "${NAME}"'
    return f"not valid YAML: {_EXPLAINED.get(said, said)}"


def _first_unreadable(text: str) -> tuple[int, int]:
    """Return line and column of the first character that YAML does not allow."""
    for number, line in enumerate(text.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            code = ord(character)
            if (code < 0x20 and character not in "\t\r") or code == 0x7F or 0xD800 <= code < 0xE000 or code > 0xFFFD:
                return number, column
    return 1, 1


def _validate(document: Document, secrets: SecretFiles) -> tuple[Config | None, list[Remark]]:
    data = document.data
    if isinstance(data, dict) and "detectors" not in data:
        data = {**data, "detectors": default()["detectors"]}
    remarks = [*islice(check_names(data), 5 * MOST), *islice(check_plugins(data), 5 * MOST)]
    try:
        config = Config.model_validate(data, context=secrets)
    except ValidationError as problem:
        return None, [*translate(problem.errors(include_url=False)[: 5 * MOST], document, Config), *remarks]
    refused = {remark.path[1] for remark in remarks if remark.path[:1] == ("sinks",)}
    meaning = [
        remark for remark in lint(config) if remark.code != "BB217" or not any(r.code == "BB121" for r in remarks)
    ]
    return config, [*remarks, *check_objects(config, refused), *meaning]


def _placed(remark: Remark, document: Document) -> Trouble:
    place = document.place(remark.path)
    return Trouble(remark.code, place.key if remark.on_key else place.value, remark.message, remark.path, remark.hint)


def _finding(name: str, trouble: Trouble, lines: dict[int, str], hidden: set[str]) -> Finding:
    line, column = trouble.at
    return Finding(
        name,
        line,
        column,
        trouble.code,
        "warning" if trouble.code in WARNINGS else "error",
        scrub(trouble.message, hidden),
        scrub(trouble.hint, hidden),
        scrub(".".join(map(str, trouble.path)), hidden),
        lines.get(line, ""),
    )


def _refused(name: str, code: str, message: str, at: tuple[int, int] = (1, 1)) -> Finding:
    return Finding(name, *at, code, "error", message)


def _too_large(name: str) -> Finding:
    return _refused(name, "BB116", "the file is larger than 1 MiB; a configuration is a few pages")


def _accepted(inspection: Inspection) -> Config:
    if inspection.config is None:
        raise ConfigError(inspection.findings)
    return inspection.config


@cache
def default() -> dict[str, Any]:
    """Return what `config/default.yaml` says: used where a configuration names no detectors."""
    text = Path(__file__).with_name("default.yaml").read_text(encoding="utf-8")
    data = _compose(text, {}).data
    assert isinstance(data, dict)
    return data
