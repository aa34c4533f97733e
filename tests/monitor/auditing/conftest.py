"""Material of the tests beside it, and of those of the map, is imported by path."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "mapping")]
