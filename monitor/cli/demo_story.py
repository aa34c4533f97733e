"""How the demo is told on a terminal: a bar, a line for each change, then the page and what it is worth."""

import datetime as dt
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from bellbuoy.monitor.demo import LINE, Day, Usual
from bellbuoy.monitor.explain.wording import percent
from bellbuoy.monitor.judging.evaluate import Told
from bellbuoy.monitor.judging.learn import DAY
from bellbuoy.monitor.simulate import Plan
from bellbuoy.sinks.terminal import terminal

MONTH = 30
MARKS = {"page": "red", "ticket": "yellow", "watch": "cyan"}


class Story:
    """Tells the six months as they pass."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self.console = console
        self.plan = plan
        self.week: list[Day] = []
        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.progress.add_task("", total=plan.days, rate="")

    def __enter__(self) -> Self:
        self.console.print(
            f"[bold]{self.plan.workflow.name}[/bold]: {self.plan.days} days of {self.plan.per_day:.0f} calls, simulated; "
            "month one ends well 94 % of the time, then it slides. Nothing ever crashes."
        )
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def day(self, day: Day, number: int) -> None:
        """A day is done: move the bar, and say the month's rate at its end."""
        self.week = [*self.week[-6:], day]
        rate = sum(one.good for one in self.week) / max(sum(one.all for one in self.week), 1)
        date = f"{_date(day.at)}"
        self.progress.update(self.task, completed=number, description=date, rate=f"{percent(rate)} end well")

    def change(self, told: Told) -> None:
        """An incident changed: one line."""
        change, page = told
        mark = MARKS[change.incident.severity]
        day = (change.at - self.plan.start_epoch) // DAY + 1
        line = Text.assemble(
            (f"  {_date(change.at)} {dt.datetime.fromtimestamp(change.at, dt.UTC):%H:%M}  day {day:>3}  ", "dim"),
            (f"{change.kind:<8} {change.incident.severity:<6} ", mark),
            page.headline,
        )
        self.console.print(line, soft_wrap=True)

    def end(self, told: Sequence[Told], done: Sequence[Day], usual: Usual) -> None:
        """Show the page, when it would have been sent and what the rate was, and what the usual alerts would have said."""
        first = done[:MONTH]
        last = done[-MONTH:]
        self.console.print(
            f"\nEnd to end: [bold]{percent(_rate(first))}[/bold] in month one, [bold]{percent(_rate(last))}[/bold] in month "
            f"{len(done) // MONTH}. No day of it looked broken."
        )
        if not told:
            self.console.print("[bold]Nothing was found.[/bold]")
            return
        opened = told[0][0]
        paged = next((one for one in told if one[0].incident.severity == "page"), None)
        sent = f"Bellbuoy would have told you on [bold]{_date(opened.at)}[/bold], day {_number(opened.at, self.plan)}, "
        sent += f"when {percent(_rate(_before(done, opened.at)))} of the last 7 days' calls ended well"
        if paged is not None:
            at = paged[0].at
            sent += f", and paged you on [bold]{_date(at)}[/bold], day {_number(at, self.plan)}, at {percent(_rate(_before(done, at)))}"
        self.console.print(sent + ".")
        self.console.print(_usual(usual, self.plan) + "\n")
        shown = [one for one in told if one[0].incident.id == opened.incident.id]
        _, page = next((one for one in shown if one[0].incident.severity == "page"), shown[-1])
        self.console.print("The page, as it would have stood in Slack:", style="dim")
        width = min(self.console.width, 100)
        self.console.print(Text.from_ansi(terminal(page, width=width, colour=self.console.is_terminal)), soft_wrap=True)


def _usual(usual: Usual, plan: Plan) -> str:
    """Return what the usual alerts would have said, in sentences."""
    line = f"A fixed line at {100 * LINE:.0f} % a day would have been crossed "
    if usual.line_first is None:
        line += "never."
    else:
        first = f"{_date(usual.line_first)}, day {_number(usual.line_first, plan)}"
        times = "once" if usual.line_alerts == 1 else f"{usual.line_alerts} times"
        line += (
            f"first on {first}, and {times} in all: on {usual.line_back} of the {usual.line_after} days after that "
            "one the rate was back above it, and an alert that comes and goes is muted."
        )
    return (
        f"{line} In the good month it would {_false(usual.line_false)}. A z-test against the last 30 days "
        f"learns the slide as normal: it alerted on {usual.z_days} of the last 30 days, and in the good month it would "
        f"{_false(usual.z_false)}."
    )


def _false(days: int) -> str:
    return "never have been wrong" if not days else f"have been wrong on {days} day{'' if days == 1 else 's'}"


def _before(done: Sequence[Day], at: int) -> list[Day]:
    return [day for day in done if day.at < at][-7:]


def _rate(done: Sequence[Day]) -> float:
    return sum(day.good for day in done) / max(sum(day.all for day in done), 1)


def _date(at: int) -> str:
    return f"{dt.datetime.fromtimestamp(at, dt.UTC):%d %b %Y}"


def _number(at: int, plan: Plan) -> int:
    return (at - plan.start_epoch) // DAY + 1
