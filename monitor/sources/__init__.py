"""Where raw records come from: Kafka and files, through one port."""

from bellbuoy.monitor.sources.base import Chunk, Source, Stream
from bellbuoy.monitor.sources.build import build
from bellbuoy.monitor.sources.errors import SourceSettings, SourceStopped

__all__ = ["Chunk", "Source", "SourceSettings", "SourceStopped", "Stream", "build"]
