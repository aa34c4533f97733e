"""From the sources into the store: reading, decoding, committing, what stands still, and how far time has come."""

from bellbuoy.monitor.ingest.ingest import Ingest
from bellbuoy.monitor.ingest.watermark import watermark
from bellbuoy.monitor.ingest.writing import Total

__all__ = ["Ingest", "Total", "watermark"]
