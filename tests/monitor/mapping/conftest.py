"""Material of the tests beside it is imported by path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
