"""The benchmark of the detection: made streams, the shipped detectors, and what they are compared with."""

from bellbuoy.bench.detect.command import main

__all__ = ["main"]
