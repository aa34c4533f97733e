"""`bellbuoy`, with a store that never closes and a second until it is ended all the same."""

import sys
import threading

from bellbuoy.monitor import app
from bellbuoy.monitor.cli import run
from bellbuoy.monitor.store import Store

app.LAST_S = 1.0
Store.close = lambda _: threading.Event().wait()
sys.exit(run(sys.argv[1:]))
