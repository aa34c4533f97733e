"""From the end of a tick to the message: measured through the real sender, and told when it is late."""

import pytest

from bellbuoy.bench import pages


def test_every_incident_is_told_and_timed():
    found = pages.waits(16, 2)
    assert len(found) == 2
    assert all(0 < seconds < pages.LONGEST_S for seconds in found)


def test_a_late_page_is_a_no(monkeypatch, capsys):
    monkeypatch.setattr(pages, "waits", lambda _size, many: [1.0] * (many - 1) + [7.0])
    assert pages.main(["--anyway", "--pages", "50"]) == 1
    assert "missed: p99 7.00 s, promised 5" in capsys.readouterr().out
    monkeypatch.setattr(pages, "waits", lambda _size, many: [1.0] * many)
    assert pages.main(["--anyway"]) == 0


def test_a_page_that_does_not_come_is_no_figure(monkeypatch):
    monkeypatch.setattr(pages.Taking, "respond", lambda *_: pages.Reply(500))
    monkeypatch.setattr(pages, "LONGEST_S", 0.5)
    with pytest.raises(SystemExit, match="incident 1 was not told"):
        pages.waits(16, 1)
