"""Trains each model on the same budget of processor time, by quality.yaml."""
import argparse, json, resource, subprocess, sys
from pathlib import Path
import yaml
from changen_cli.training.config import read_recipe

HERE = Path(__file__).parent
parser = argparse.ArgumentParser()
parser.add_argument("--models")
parser.add_argument("--runs", default="runs/quality")
a = parser.parse_args()
plan = yaml.safe_load((HERE / "quality.yaml").read_text())
for name in a.models.split(","):
    run = Path(a.runs) / name
    differs = dict(plan["models"][name])
    recipe = {**read_recipe(differs.pop("preset")), **plan["common"], **differs}
    run.mkdir(parents=True, exist_ok=True)
    written = Path(a.runs) / f"{name}.yaml"
    written.write_text(yaml.safe_dump(recipe, sort_keys=False))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "changen_cli", "train", "--config", str(written), "--output", str(run)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with (Path(a.runs) / f"{name}.cost").open("a") as f:
        f.write(f"{spent:.1f}\n")
