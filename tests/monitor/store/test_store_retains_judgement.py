"""What was learned and replaced leaves the store; what is in force stays, however old."""

import pytest

from bellbuoy.config.server import Retention
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.store
DAY = 86400
NOW = 1_800_000_000


def test_replaced_baselines_and_limits_go_and_those_in_force_stay():
    with Store.open(None) as store:
        with store.transaction() as tx:
            for key, ages in (("qualify", (200, 95, 10)), ("retired", (300, 200))):
                for age in ages:
                    at = (NOW - age * DAY) * 1_000_000
                    lists = {name: [1.0] for name in ("rate", "volume", "dispersion", "volume_dispersion")}
                    numbers = ("mean", "trials", "bad", "per_tick", "since", "until", "armed", "margin")
                    row = {"name": "default", "signal": "step_failure", "workflow": "calls", "step": key}
                    row |= {"valid_from": at, **lists, **dict.fromkeys(numbers, 1.0)}
                    tx.insert("baselines", [row])
                    limit = {"workflow": "calls", "step": key, "band": 1, "limit_ms": 5.0, "valid_from": at}
                    tx.insert("latency_limits", [limit])
            names = ("detector", "signal", "workflow", "state", "why")
            for age in (2_000, 10):
                row = {"judged_at": (NOW - age * DAY) * 1_000_000, "direction": 1, **dict.fromkeys(names, "x")}
                tx.insert("verdicts_raw", [row])
        store.retain(NOW, Retention())
        cursor = store.new_cursor()
        for table in ("baselines", "latency_limits"):
            left = cursor.execute(
                f"SELECT step, CAST(({NOW} - epoch(valid_from)) / {DAY} AS INTEGER) AS age FROM {table} ORDER BY ALL"
            ).fetchall()
            assert left == [("qualify", 10), ("retired", 200)], table
        assert cursor.execute("SELECT count(*) FROM verdicts_raw").fetchall() == [(1,)]
