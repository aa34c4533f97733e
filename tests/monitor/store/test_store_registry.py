"""The series in memory: whoever reads them while others come sees whole ones."""

import sys
import threading

from bellbuoy.monitor.store.adding.registry import Draft, Registry

DRAFTS, EACH = 400, 40


def test_series_are_read_while_others_come():
    registry, before = Registry([], 10**9), sys.getswitchinterval()

    def come():
        for first in range(0, DRAFTS * EACH, EACH):
            keys = [("interactions", f"w{first + place}", None, None) for place in range(EACH)]
            ids = {key: first + place + 1 for place, key in enumerate(keys)}
            registry.take(Draft(ids, dict.fromkeys(ids.values(), (60, 120))))

    writer = threading.Thread(target=come)
    sys.setswitchinterval(1e-6)
    try:
        writer.start()
        while writer.is_alive():
            assert all(one.first_minute == 60 for one in registry.all())
            assert set(registry.begins("interactions").values()) <= {60}
    finally:
        sys.setswitchinterval(before)
        writer.join()
    assert len(registry.all()) == len(registry.begins("interactions")) == len(registry) == DRAFTS * EACH
