"""What is there of what a reproduction needs: data sets and files of weights; and where to get what is not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from changen_cli.datasets.check import DatasetReport, check_dataset, how_to_get
from changen_cli.datasets.published import WHU, WHU_TILES
from changen_cli.datasets.recognise import find_datasets
from changen_cli.metrics.distances.inception import PUBLISHED
from changen_cli.reporter import Reporter, Silent

WEIGHTS = "weights"
"""Folder beside the data sets, of what others publish."""

INCEPTION = "weights-inception-2015-12-05-6726825d"
SECO = "resnet18_sentinel2_rgb_seco"
"""Beginnings of names of files in it; of backbones it is what timm calls them."""

ORIGINS = {
    "resnet18": "https://download.pytorch.org/models/resnet18-f37072fd.pth",
    "resnet50": "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    "resnext101_32x4d": "timm, which downloads it: torch.save(timm.create_model('resnext101_32x4d.gluon_in1k', "
    "pretrained=True).state_dict(), 'resnext101_32x4d.pth')",
    "mit_b1": "SegFormer's mit_b1.pth, ImageNet-1K, https://github.com/NVlabs/SegFormer (non-commercial licence)",
    SECO: "torchgeo: from torchgeo.models import ResNet18_Weights; "
    f"torch.save(ResNet18_Weights.SENTINEL2_RGB_SECO.get_state_dict(), '{SECO}.pth'), which downloads it",
    INCEPTION: "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth",
}
"""Where files of weights are to be had, by the beginning of their name."""

ENDS = (".safetensors", ".pth", ".pt", ".bin")


@dataclass
class Having:
    """What lies in the folder of the data.

    Attributes:
        root: The folder.
        lenient: Whether data sets that are not whole and an Inception that is not the published one are used: of
            ``--tiny`` alone, which says so.
    """

    root: Path
    lenient: bool = False
    reporter: Reporter = field(default_factory=Silent)
    _reports: dict[str, DatasetReport] = field(default_factory=dict)
    _found: dict[str, Path] | None = None

    def data(self, name: str) -> tuple[Path, dict[str, object], tuple[str, ...]]:
        """Looks for a data set; of WHU-CD the whole pair, or else its tiles.

        Args:
            name: Of :data:`~changen_cli.datasets.published.DATASETS`.

        Returns:
            Its folder, what of it results depend on, and what is lacking, in words.
        """
        if self._found is None:
            self._found = find_datasets(self.root) if self.root.is_dir() else {}
        if name == WHU and WHU not in self._found and WHU_TILES in self._found:
            name = WHU_TILES
        folder = self._found.get(name)
        if folder is None:
            return self.root / name, {}, (f"{name} is not in {self.root}: {how_to_get(name)}",)
        if name not in self._reports:
            self._reports[name] = check_dataset(folder, self.reporter)
        report = self._reports[name]
        about: dict[str, object] = {"data": name, "pairs": dict(report.found)}
        if report.whole or self.lenient:
            return folder, about, ()
        problems = "; ".join(report.problems)
        return folder, about, (f"{folder} is not whole ({problems}): {report.remedy or how_to_get(name)}",)

    def weights(self, name: str) -> tuple[Path, dict[str, object], tuple[str, ...]]:
        """Looks for a file of weights whose name begins so; as :meth:`data`."""
        folder = self.root / WEIGHTS
        there = sorted(path for end in ENDS for path in folder.glob(f"{name}*{end}")) if folder.is_dir() else []
        exact = [path for path in there if path.stem == name or path.stem.startswith((f"{name}-", f"{name}."))]
        if not exact:
            origin = ORIGINS.get(name, f"timm, which calls the network {name}")
            return folder / f"{name}.pth", {}, (f"{folder / name}.* is not there: get it from {origin}",)
        about: dict[str, object] = {"weights": name, "sha256": _sha256(exact[0])}
        if name == INCEPTION and about["sha256"] != PUBLISHED and not self.lenient:
            wrong = f"{exact[0]} is not the published file, and without that there is no FID (SHA-256 {PUBLISHED})"
            return exact[0], about, (f"{wrong}: get it from {ORIGINS[name]}",)
        return exact[0], about, ()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
