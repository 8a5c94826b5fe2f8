"""``gpu.md`` from the results of ``benchmarks/gpu.py``."""

from __future__ import annotations

from typing import Any

Results = dict[str, dict[str, Any]]
"""By stage, as ``gpu.py`` saves them."""

TITLES = {
    "tests": "Tests that need a GPU",
    "forward": "Generators: tile-steps a second, and memory against batch size",
    "training": "Training: images a second, and memory against batch size",
    "roofline": "What a training step of the paper can cost at the least, calculated",
    "overhead": "`changen generate` against the bare generator",
    "feed": "Everything but the generator",
}


def write_page(results: Results, machine: dict[str, Any]) -> str:
    """Writes the page.

    Args:
        results: Of the stages that ran.
        machine: Where.

    Returns:
        Markdown.
    """
    rehearsal = any(found["about"]["rehearsal"] for found in results.values())
    names = sorted({found["device"] for found in results.values() if "device" in found})
    commits = sorted({str(found["about"]["commit"]) for found in results.values()})
    parts = ["# On a GPU", "Written by `benchmarks/gpu.py`; do not edit it by hand."]
    if rehearsal:
        parts.append("**A rehearsal with tiny sizes: none of these figures means anything.**")
    parts.append(
        f"{', '.join(names) or 'no network was measured'}; {machine['processor']}, {machine['cores']} cores; commit "
        f"{', '.join(commits)}."
    )
    for stage, title in TITLES.items():
        if stage in results:
            parts += [f"## {title}", *_section(results[stage])]
    missing = [title for stage, title in TITLES.items() if stage not in results]
    if missing:
        parts.append(f"Not run yet: {'; '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def _section(found: dict[str, Any]) -> list[str]:
    if found["exit"]:
        said = "\n".join(found["said"][-12:])
        return [f"**Failed** with exit code {found['exit']}: `{found['command']}`", f"```\n{said}\n```"]
    if "recipes" not in found:
        return [f"`{found['command']}`", "```\n" + "\n".join(found["said"]) + "\n```"]
    lines = [["recipe", "batch", "a second", "memory, GB"], ["---"] * 4]
    for name, rows in found["recipes"].items():
        for row in rows:
            if "rate" not in row:
                lines.append([name, str(row["batch"]), "not enough memory", "-"])
                continue
            memory = "-" if row["memory"] is None else f"{row['memory'] / 1e9:.2f}"
            lines.append([name, str(row["batch"]), f"{row['rate']:.1f}", memory])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return [f"{found['side']} x {found['side']} pixels, {found['precision']}; medians.", table]
