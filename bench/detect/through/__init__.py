"""The product as a whole: made fleets in a store as the daemon leaves it, judged by what `bellbuoy backtest` runs."""
