"""What the results of a benchmark were made with: the commit and the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from commands import ROOT


def commit(plan: str) -> str | None:
    """Returns the commit of the working tree, with ``-dirty`` where the package or the plan, a file here, differ."""
    git = ["git", "-C", str(ROOT)]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, env=quiet)
        watched = ["changen_cli", "weights", f"benchmarks/{plan}"]
        status = [*git, "status", "--porcelain", "--", *watched]
        changed = subprocess.run(status, capture_output=True, text=True, check=True, env=quiet)
    except (OSError, subprocess.CalledProcessError):  # a copy without its history
        return None
    return head.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")


def describe_machine() -> dict[str, Any]:
    """Returns what the machine is, and how busy it was."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }
