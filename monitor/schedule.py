"""The timetable: what the daemon does again and again, and how it is told of a job that failed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again.

    Attributes:
        name: of the job.
        work: what is done; it never runs twice at once.
        every: seconds from one start to the next.
        daily_at: hour and minute (UTC) in place of `every`.
        catch_up: done once, `catch_up_after` seconds after the start: it looks whether the job was missed, and does it then.
        catch_up_after: see there.
    """

    name: str
    work: Callable[[], object]
    every: float = 0.0
    daily_at: tuple[int, int] | None = None
    catch_up: Callable[[], None] | None = None
    catch_up_after: float = 0.0


def timetable(jobs: list[Job], ended: Callable[[str, BaseException | None], None], begin: float) -> BackgroundScheduler:
    """Return a scheduler with the jobs, not started yet; each job has a thread of its own.

    A job that is late runs once, not as often as it was missed.

    Args:
        jobs: what is done.
        ended: hears of each run that ended, and what it raised, if anything.
        begin: the present, epoch seconds.
    """
    scheduler = BackgroundScheduler(timezone="UTC", executors={job.name: ThreadPoolExecutor(1) for job in jobs})
    for job in jobs:
        trigger = (
            CronTrigger(hour=job.daily_at[0], minute=job.daily_at[1], timezone="UTC")
            if job.daily_at
            else IntervalTrigger(seconds=job.every, timezone="UTC")
        )
        scheduler.add_job(
            job.work,
            trigger,
            id=job.name,
            executor=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        if job.catch_up is not None:  # in the job's own thread: never beside it
            scheduler.add_job(
                job.catch_up,
                DateTrigger(datetime.fromtimestamp(begin, UTC) + timedelta(seconds=job.catch_up_after), timezone="UTC"),
                id=f"{job.name} missed",
                executor=job.name,
                misfire_grace_time=None,
            )

    def heard(event: JobExecutionEvent) -> None:
        ended(event.job_id, event.exception)

    scheduler.add_listener(heard, EVENT_JOB_ERROR | EVENT_JOB_EXECUTED)
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    logging.getLogger("apscheduler.executors").setLevel(logging.CRITICAL)  # what failed is told by whoever hears of it
    return scheduler
