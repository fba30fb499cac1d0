"""The environment of the benchmarks' peers that want other versions of our libraries than we do: .venv-peers."""

from __future__ import annotations

__all__ = ["LISTED", "PLACE", "made", "make", "python", "versions"]

import os
import shutil
import subprocess
import venv
from pathlib import Path

PLACE = Path(__file__).resolve().parents[1] / ".venv-peers"
#: What it holds.
LISTED = Path(__file__).with_suffix(".txt")


def python() -> Path:
    """Return where its interpreter is, or would be."""
    return PLACE / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def versions() -> list[str]:
    """Return what is listed, as ``name version``."""
    lines = LISTED.read_text("utf-8").splitlines()
    return [line.replace("==", " ") for line in lines if line and not line.startswith("#")]


def made() -> bool:
    """Return whether it is there and holds what is listed now."""
    stamp = PLACE / "installed"
    return stamp.exists() and stamp.read_text("utf-8") == LISTED.read_text("utf-8")


def make() -> None:
    """Make it, or make it anew when the list has changed; nothing to do if it is up to date."""
    if made():
        return
    print(f"installing {', '.join(versions())} into {PLACE.name} (a minute, once) ...", flush=True)
    venv.create(PLACE, clear=True, with_pip=True)
    try:
        subprocess.run([python(), "-m", "pip", "install", "--quiet", "--requirement", LISTED], check=True)
    except BaseException:
        shutil.rmtree(PLACE)  # half of it would be taken for the whole
        raise
    shutil.copyfile(LISTED, PLACE / "installed")
