"""`bellbuoy`, killed without warning after a commit and before its answer, while the file named by DIE is there."""

import os
import signal
import sys
from pathlib import Path

from bellbuoy.monitor.cli import run
from bellbuoy.monitor.sources.http import HttpSource

stored = HttpSource.stored


def dying(self, positions, outcome=None):
    if Path(os.environ["DIE"]).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    stored(self, positions, outcome)


HttpSource.stored = dying
sys.exit(run(sys.argv[1:]))
