"""Fills a recording through the door of a daemon that holds its store: with its counts, some days at a time."""

from collections.abc import Callable

import pyarrow as pa

from bellbuoy.client import Result
from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.counted import counted
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.backtest.recording import DAY, Recording

SPAN = "SELECT CAST(floor(epoch(min(minute))) AS BIGINT) AS first, CAST(floor(epoch(max(minute))) AS BIGINT) AS last FROM minutes"
PART = (
    "SELECT make_timestamp(epoch_us(minute) // {tick_us} * {tick_us}) AS minute, signal, workflow, step, segment, "
    "CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad FROM minutes "
    "WHERE minute >= make_timestamp({since}) AND minute < make_timestamp({until}) GROUP BY ALL"
)
"""As many rows as the daemon gives at once; where that is not all, the span is halved."""


def fill_asked(recording: Recording, ask: Callable[[str], Result], config: Config) -> None:
    """Take the counts that a daemon gives.

    Args:
        recording: empty.
        ask: runs a SELECT and gives its `client.Result`.
        config: tick, and limits of what is counted.

    Raises:
        BacktestError: nothing is counted yet, or the daemon gives too few rows at once.
    """
    found = ask(SPAN).arrow().to_pylist()[0]
    if found["first"] is None:
        raise BacktestError("the daemon has counted nothing yet")
    tick = int(config.tick)
    parts: list[pa.Table] = []
    begins, length = found["first"] // DAY * DAY, DAY
    while begins <= found["last"]:
        sql = PART.format(tick_us=1_000_000 * tick, since=begins * 1_000_000, until=(begins + length) * 1_000_000)
        answer = ask(sql)
        if answer.truncated:
            if length <= tick:
                raise BacktestError("the daemon gives too few rows at once; raise query.rows")
            length = max(length // 2 // tick * tick, tick)
            continue
        parts.append(answer.arrow())
        begins += length
    recording.take_counts(counted(pa.concat_tables(parts, promote_options="permissive"), "the daemon"), config)
