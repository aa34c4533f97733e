"""The chart's values.schema.json: what is written there by hand, with the configuration's own schema under `config`."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def text() -> str:
    """Return the chart's schema as it should be: the hand-written part with today's config/schema.json in it."""
    chart = json.loads((ROOT / "helm/values.schema.json").read_text(encoding="utf-8"))
    config = json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8"))
    config.pop("$schema")
    chart["$defs"] = config.pop("$defs")  # references inside begin at the root of the file
    chart["properties"]["config"] = config
    return json.dumps(chart, indent=2, ensure_ascii=False) + "\n"
