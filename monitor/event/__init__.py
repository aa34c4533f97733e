"""The event: one typed definition, and everything that is generated from it."""

from bellbuoy.monitor.event.batch import Batch, DeadLetter, Limits, concat
from bellbuoy.monitor.event.columns import COLUMNS, arrow_schema, create_table_sql
from bellbuoy.monitor.event.decoding import decode
from bellbuoy.monitor.event.describe import field_table_markdown, json_schema
from bellbuoy.monitor.event.refusal import REMEDIES

__all__ = [
    "COLUMNS",
    "REMEDIES",
    "Batch",
    "DeadLetter",
    "Limits",
    "arrow_schema",
    "concat",
    "create_table_sql",
    "decode",
    "field_table_markdown",
    "json_schema",
]
