"""The judgement: counts and baselines in, verdicts out."""
