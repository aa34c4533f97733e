"""From the sources into the store: reading, decoding, committing, what stands still, and how far time has come."""

from bellbuoy.monitor.ingest.ingest import Ingest, Total
from bellbuoy.monitor.ingest.watermark import watermark

__all__ = ["Ingest", "Total", "watermark"]
