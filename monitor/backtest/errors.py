"""What a backtest refuses: a sentence for the person who asked."""


class BacktestError(ValueError):
    """Its input cannot be what it claims, or cannot be judged; the text says where, what and the way out."""
