"""A disk of a few megabytes, mounted for a test: it fills, it is made larger, it is made read-only."""

import subprocess
from pathlib import Path


class SmallDisk:
    """A tmpfs at `path`; use it as a context. `why` of `absent()` says why there can be none."""

    def __init__(self, path, size="12m"):
        self.path = Path(path)
        self.size = size

    def __enter__(self):
        self.path.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.path))
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def remount(self, options):
        _mount("-o", f"remount,{options}", str(self.path))

    def fill(self):
        """Take all the room that is left, but for nothing."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                return

    def relieve(self):
        (self.path / "filler").unlink()


def absent(folder):
    """Return why no disk can be mounted here; empty when one can."""
    try:
        with SmallDisk(folder, "1m"):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"") or str(error).encode()
        return f"no tmpfs can be mounted: {told.decode().strip()}; run as root"


def _mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
