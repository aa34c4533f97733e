"""Log lines: sentences with key=value, as text on a terminal and as JSON lines elsewhere, with every secret masked."""

import datetime as dt
import json
import logging
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from pydantic import BaseModel

from bellbuoy.sinks.base import Secret


class Masked(logging.Formatter):
    """Writes a record as text or JSON and puts `***` where a secret's value would stand."""

    def __init__(self, secrets: Iterable[str], *, as_json: bool) -> None:
        super().__init__()
        self.secrets = sorted((one for one in secrets if one), key=len, reverse=True)
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        then = dt.datetime.fromtimestamp(record.created, dt.UTC)
        ts = then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then.microsecond // 1000:03d}Z"
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        component = record.name.removeprefix("bellbuoy.")
        if self.as_json:
            line = json.dumps(
                {"ts": ts, "level": record.levelname.lower(), "component": component, "event": text}, ensure_ascii=False
            )
        else:
            line = f"{ts} {record.levelname:<7} {component}: {text}"
        return self.mask(line)

    def mask(self, line: str) -> str:
        """Return `line` without any secret's value."""
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return line


def secrets_of(value: Any) -> set[str]:
    """Return the value of every secret in a configuration, however deep."""
    if isinstance(value, Secret):
        return {value.reveal()}
    if isinstance(value, BaseModel):
        return set().union(*(secrets_of(getattr(value, name)) for name in type(value).model_fields))
    if isinstance(value, dict):
        return set().union(*map(secrets_of, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(secrets_of, value))
    return set()


class Counting(logging.Handler):
    """Counts lines by level for the metric."""

    def __init__(self, counter: Any) -> None:
        super().__init__(logging.WARNING)
        self.counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        self.counter.labels(record.levelname).inc()


def start(
    secrets: Iterable[str] = (), *, form: str | None = None, level: str = "INFO", to: TextIO | None = None
) -> None:
    """Send all log lines of the process to one stream.

    Args:
        secrets: values that must never be written.
        form: `text`, `json`, or None: text on a terminal, JSON elsewhere.
        level: least level written.
        to: stream; stderr when None.
    """
    stream = to or sys.stderr
    as_json = form == "json" or (form is None and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Masked(secrets, as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("apscheduler", "uvicorn", "slack_sdk"):
        logging.getLogger(noisy).setLevel("WARNING")
    if level == "DEBUG":
        logging.getLogger("kafka").setLevel(level)  # else the source says what matters, at most once a minute
