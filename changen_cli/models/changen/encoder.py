"""Image encoder: a U-Net with ResNet-18, giving the latent representations f_t,i of I_t (section 3.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv, group_norm


class BasicBlock(nn.Module):
    """The residual block of ResNet-18, spectrally normalised, with group instead of batch normalisation.

    Group normalisation behaves the same in training and inference, whatever the batch; the paper chooses it for the
    decoder for this reason and does not say what the encoder has.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv0 = conv(inputs, outputs, 3, stride, bias=False)
        self.norm0 = group_norm(outputs, groups, affine=True)
        self.conv1 = conv(outputs, outputs, 3, bias=False)
        self.norm1 = group_norm(outputs, groups, affine=True)
        same = stride == 1 and inputs == outputs
        self.shortcut = None if same else conv(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H / stride, W / stride]."""
        skip = x if self.shortcut is None else self.shortcut(x)
        h = F.relu(self.norm0(self.conv0(x)))
        return F.relu(skip + self.norm1(self.conv1(h)))


class Fuse(nn.Module):
    """One step up the U-Net: the coarser map upsampled, joined with the skip, and convolved."""

    def __init__(self, coarse: int, skip: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.conv = conv(coarse + skip, outputs, 3, bias=False)
        self.norm = group_norm(outputs, groups, affine=True)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Joins [B, coarse, H, W] and [B, skip, 2H, 2W] to [B, outputs, 2H, 2W]."""
        up = F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        return F.relu(self.norm(self.conv(torch.cat([up, skip.to(up.dtype)], 1))))


class ImageEncoder(nn.Module):
    """I_t to {f_t,i}, i = 0..5: 512 / 2^i channels (times the width) at stride 32 / 2^i."""

    def __init__(self, channels: tuple[int, ...], groups: int, inputs: int = 3) -> None:
        """Makes the encoder.

        Args:
            channels: Channels of f_t,0 ... f_t,5, coarsest first.
            groups: Most groups of the group normalisations.
            inputs: Channels of the image: 3, and one more where it is told what is hidden.
        """
        super().__init__()
        c32, c16, c8, c4, c2, c1 = channels
        self.stem = conv(inputs, c4, 7, 2, bias=False)
        self.stem_norm = group_norm(c4, groups, affine=True)
        self.layer1 = self._stage(c4, c4, 1, groups)
        self.layer2 = self._stage(c4, c8, 2, groups)
        self.layer3 = self._stage(c8, c16, 2, groups)
        self.layer4 = self._stage(c16, c32, 2, groups)
        self.up1 = Fuse(c32, c16, c16, groups)
        self.up2 = Fuse(c16, c8, c8, groups)
        self.up3 = Fuse(c8, c4, c4, groups)
        self.up4 = Fuse(c4, c4, c2, groups)
        self.up5 = Fuse(c2, inputs, c1, groups)

    @staticmethod
    def _stage(inputs: int, outputs: int, stride: int, groups: int) -> nn.Sequential:
        return nn.Sequential(BasicBlock(inputs, outputs, stride, groups), BasicBlock(outputs, outputs, 1, groups))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Encodes a pre-event image.

        Args:
            image: I_t, float [B, inputs, H, W] in -1..1, H and W multiples of 32.

        Returns:
            f_t,0 ... f_t,5, coarsest first.
        """
        stride2 = F.relu(self.stem_norm(self.stem(image)))
        stride4 = self.layer1(F.max_pool2d(stride2, 3, 2, 1))
        stride8 = self.layer2(stride4)
        stride16 = self.layer3(stride8)
        features = [self.layer4(stride16)]
        skips = (stride16, stride8, stride4, stride2, image)
        for fuse, skip in zip((self.up1, self.up2, self.up3, self.up4, self.up5), skips, strict=True):
            features.append(fuse(features[-1], skip))
        return features
