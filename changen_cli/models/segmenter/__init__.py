"""The segmenter: reads layouts from images, to judge whether a synthesised image shows its layout."""

from changen_cli.models.segmenter.unet import Segmenter, SegmenterConfig

__all__ = ["Segmenter", "SegmenterConfig"]
