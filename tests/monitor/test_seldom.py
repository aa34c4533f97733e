"""What happens at every batch is told at once the first time, and then once an hour with its sum."""

from bellbuoy.monitor.seldom import Seldom


class Hands:
    now = 1000.0

    def monotonic(self):
        return self.now


def test_it_is_told_once_an_hour_and_nothing_is_lost():
    clock = Hands()
    seldom, told = Seldom(clock), []
    for minute in range(150):
        clock.now = 1000.0 + 60 * minute
        told.append(seldom.add(2 if minute != 70 else 0))
    assert {minute: n for minute, n in enumerate(told) if n} == {0: 2, 60: 120, 120: 118}


def test_nothing_is_not_told():
    assert Seldom(Hands()).add(0) == 0
