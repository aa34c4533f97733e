"""Draws docs/pages/*.png: what the golden pages look like in Slack, by a library that is not ours, in Chromium.

make pictures
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).with_suffix("")
OUT = ROOT / "docs" / "pages"
WORK = ROOT / ".tools" / "slack-pictures"


def need(tool: str) -> str:
    """Return the path of a tool, brought where it is missing."""
    done = subprocess.run([ROOT / "tools" / "need", tool], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return done.stdout.strip().splitlines()[-1]


def html(node: str, file: Path) -> str:
    """Return a page of HTML that shows a golden page."""
    said = json.loads(file.read_text(encoding="utf-8"))
    pictures = {"chart": file.with_suffix(".svg"), "logo": ROOT / "monitor" / "web" / "static" / "buoy.svg"}
    for name, picture in pictures.items():
        if picture.exists():
            said[name] = "data:image/svg+xml;base64," + base64.b64encode(picture.read_bytes()).decode()
    command = [node, str(WORK / "draw.mjs")]
    return subprocess.run(command, input=json.dumps(said), capture_output=True, text=True, check=True, cwd=WORK).stdout


def main() -> None:
    """Draw every page, and write down of what each picture is."""
    node = need("node")
    WORK.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, WORK)
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    command = [need("npm"), "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=WORK, env={**os.environ, "PATH": path}, check=True)
    golden = ROOT / "tests" / "golden"
    files = [*sorted((golden / "pages").glob("*.json")), golden / "slack" / "storm.json"]
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=need("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 680, "height": 200}, device_scale_factor=1)
        for file in files:
            page.set_content(html(node, file), wait_until="load")
            page.screenshot(path=OUT / f"{file.stem}.png", full_page=True)
        browser.close()
    drawn = {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (OUT / "drawn.json").write_text(json.dumps(drawn, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
