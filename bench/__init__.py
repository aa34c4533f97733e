"""Our own numbers on this machine, as ratios within one run where machines differ; run by `bellbuoy bench`."""
