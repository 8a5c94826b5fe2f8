from __future__ import annotations

from pathlib import Path

from changen_cli.pipeline.footprints.words import describe, how_good
from changen_cli.scenes.options import ReadOptions
from changen_cli.weights.card import Card, find_weights


def test_the_shipped_segmenter_says_how_good_it_is() -> None:
    _, card = find_weights("segmenter")
    line = how_good(card, 2, 1, Path("out"))
    assert "footprints of 2 scenes are read" in line
    assert "1 scene with footprints keeps them" in line
    assert "IoU 0.48 with mapped buildings, 26% of buildings found one by one on kampala_00 and zanzibar_01" in line
    said = describe(card, "cuda:1", ReadOptions(resolution=0.4))
    assert said["device"] == "cuda"
    assert said["figures"]["iou"] == 0.48
    assert said["sha256"] == card.sha256
    assert said["read_at"]["resolution"] == 0.4


def test_a_card_without_figures_says_so() -> None:
    line = how_good(Card("mine", "segmenter", {}, "0"), 1, 0, Path("out"))
    assert "its card does not say how good they are" in line
    assert "keep" not in line
