"""Family of 2-D U-Nets that segment nodule candidates.

The input is a slice with its neighbours as channels, in clamped Hounsfield units without rescaling;
a batch norm over the channels takes its place. Blocks of two 3x3 convolutions, each followed by an
activation and a batch norm, lead down through 2x2 pooling and up through 2x2 transposed
convolutions or bilinear interpolation, with a skip connection at each level.

Tensor names are those of the book's checkpoints: ``input_batchnorm``,
``unet.down_path.N.block.N``, ``unet.up_path.N.up``, ``unet.up_path.N.conv_block.block.N`` and
``unet.last``. `lungrt.models.unet_tensors` reads the options from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lungrt.errors import InvalidArgument
from lungrt.models.capturing import is_capturing
from lungrt.models.options import (
    ACTIVATIONS,
    as_sizes,
    check_bool,
    check_choice,
    check_positive,
    check_whole,
)

_POOLINGS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "average": F.avg_pool2d,
    "max": F.max_pool2d,
}


@dataclass(frozen=True)
class UNetOptions:
    """Options of a U-Net; the defaults are the book's.

    Attributes
    ----------
    in_channels : int
        Slices of the input: the segmented one and an even number of context slices. Read from the
        tensors.
    out_channels : int
        Channels of the output. With 1, the probability is the sigmoid of the output. With more,
        the output is a softmax over classes, of which 0 is background and all others are nodule.
        Read from the tensors.
    widths : tuple of int
        Channels of each level, from full resolution down. Read from the tensors.
    convolution_widths : tuple of int, optional
        Output channels of every convolution of a pruned network, in which they are not those of
        their level: two for each level from full resolution down, then for each level upwards that
        of the upsampling and two more. `widths` are then the second ones on the way down. None if
        each has the width of its level. Read from the tensors.
    up_mode : "upconv" or "upsample"
        Transposed convolution, or bilinear interpolation and a 1x1 convolution. Read from the
        tensors.
    batch_norm : bool
        Whether there is a batch norm after each activation. Read from the tensors.
    input_batch_norm : bool
        Whether there is a batch norm before the first convolution. Read from the tensors.
    padding : bool
        Whether convolutions pad by one zero; without it the output is smaller than the input.
    pooling : "average" or "max"
        Pooling that halves the resolution.
    activation : "relu" or "leaky_relu"
        Activation after each convolution; leaky_relu has a slope of 0.01.
    batch_norm_eps : float
        Number added to the variance of each batch norm.
    """

    in_channels: int = 7
    out_channels: int = 1
    widths: tuple[int, ...] = (16, 32, 64)
    up_mode: str = "upconv"
    batch_norm: bool = True
    input_batch_norm: bool = True
    padding: bool = True
    pooling: str = "average"
    activation: str = "relu"
    batch_norm_eps: float = 1e-5
    convolution_widths: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_whole("in_channels", self.in_channels)
        check_whole("out_channels", self.out_channels)
        object.__setattr__(self, "widths", as_sizes("widths", self.widths))
        if self.convolution_widths is not None:
            self._check_convolution_widths(self.convolution_widths)
        check_choice("up_mode", self.up_mode, ("upconv", "upsample"))
        for name in ("batch_norm", "input_batch_norm", "padding"):
            check_bool(name, getattr(self, name))
        check_choice("pooling", self.pooling, _POOLINGS)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_positive("batch_norm_eps", self.batch_norm_eps)

    def _check_convolution_widths(self, given: object) -> None:
        name, usual = "convolution_widths", usual_widths(self.widths)
        widths = as_sizes(name, given, count=len(usual))
        if widths[1 : 2 * len(self.widths) : 2] != self.widths:
            raise InvalidArgument(
                f"{name}: the second convolutions on the way down must have the widths "
                f"{list(self.widths)} of their levels, got {list(widths)}"
            )
        # Of two descriptions of the same network, only one is used.
        object.__setattr__(self, name, None if widths == usual else widths)

    @property
    def down_widths(self) -> list[tuple[int, int]]:
        """Output channels of both convolutions of each level, from full resolution down."""
        widths = self.convolution_widths or usual_widths(self.widths)
        return [(widths[2 * n], widths[2 * n + 1]) for n in range(len(self.widths))]

    @property
    def up_widths(self) -> list[tuple[int, int, int]]:
        """Output channels of the upsampling and both convolutions of each level upwards."""
        widths = self.convolution_widths or usual_widths(self.widths)
        rest = widths[2 * len(self.widths) :]
        return [(rest[n], rest[n + 1], rest[n + 2]) for n in range(0, len(rest), 3)]

    @property
    def context_slices(self) -> int:
        """Number of slices on each side of the segmented one."""
        return self.in_channels // 2

    @property
    def size_multiple(self) -> int:
        """Number of which rows and columns, without the halo, must be multiples."""
        return int(2 ** (len(self.widths) - 1))

    @property
    def halo(self) -> int:
        """Pixels by which the output is smaller than the input on each side."""
        return _lost(self) // 2 + _trim(self)


def usual_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Return the widths of all convolutions if each has that of its level."""
    down = [width for width in widths for _ in range(2)]
    up = [width for width in reversed(widths[:-1]) for _ in range(3)]
    return (*down, *up)


class SegmentationUNet(nn.Module):
    """U-Net that computes the probability of nodule for each pixel of slices with context.

    Parameters
    ----------
    options : UNetOptions
    """

    def __init__(self, options: UNetOptions) -> None:
        super().__init__()
        self.options = options
        self.input_batchnorm = (
            nn.BatchNorm2d(options.in_channels, eps=options.batch_norm_eps)
            if options.input_batch_norm
            else nn.Identity()
        )
        self.unet = UNet(options)

    def forward(self, images: Tensor) -> Tensor:
        """Segment slices.

        Parameters
        ----------
        images : torch.Tensor
            Float32 [N, in_channels, H, W]; clamped Hounsfield units of the slices
            ``z - context_slices .. z + context_slices``.

        Returns
        -------
        torch.Tensor
            Float32 [N, 1, H - 2 * halo, W - 2 * halo]; probability of nodule.

        Raises
        ------
        InvalidArgument
            The shape does not fit. This is not checked while a graph is being captured.
        """
        if not is_capturing(images):
            self._check_shape(tuple(images.shape))
        logits = self.unet(self.input_batchnorm(images))
        if self.options.out_channels == 1:
            return torch.sigmoid(logits)
        return torch.softmax(logits, dim=1)[:, 1:].sum(dim=1, keepdim=True)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        multiple, halo = self.options.size_multiple, self.options.halo
        if len(shape) != 4 or shape[1] != self.options.in_channels:
            raise InvalidArgument(
                f"U-Net input: expected [N, {self.options.in_channels}, H, W], got {list(shape)}"
            )
        if any(size <= 2 * halo or (size - 2 * halo) % multiple for size in shape[2:]):
            raise InvalidArgument(
                f"U-Net input of {shape[2]} x {shape[3]} pixels: rows and columns minus {2 * halo} "
                f"(the halo on both sides) must be positive multiples of {multiple}; pad the edges "
                "and crop the result"
            )


class UNet(nn.Module):
    """Part of `SegmentationUNet` between the input batch norm and the sigmoid."""

    def __init__(self, options: UNetOptions) -> None:
        super().__init__()
        self._pool = _POOLINGS[options.pooling]
        self._trim = _trim(options)
        skips = options.widths
        inputs = (options.in_channels, *skips)
        self.down_path = nn.ModuleList(
            _ConvBlock(inputs[level], widths, options)
            for level, widths in enumerate(options.down_widths)
        )
        self.up_path = nn.ModuleList()
        below = skips[-1]
        for level, (risen, *widths) in zip(
            reversed(range(len(skips) - 1)), options.up_widths, strict=True
        ):
            self.up_path.append(
                _UpBlock(
                    below, risen, skips[level], widths, options, crop=_lost(options, level + 1)
                )
            )
            below = widths[-1]
        self.last = nn.Conv2d(below, options.out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, out_channels, H - 2 * halo, W - 2 * halo] of [N, in_channels, H, W]."""
        skips = []
        for level, block in enumerate(self.down_path):
            if level > 0:
                x = self._pool(x, 2)
            x = block(x)
            skips.append(x)
        skips.pop()
        for block in self.up_path:
            x = block(x, skips.pop())
        return _crop(self.last(x), self._trim)


class _ConvBlock(nn.Module):
    def __init__(self, channels: int, widths: Sequence[int], options: UNetOptions) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in widths:
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=int(options.padding)))
            layers.append(ACTIVATIONS[options.activation]())
            if options.batch_norm:
                layers.append(nn.BatchNorm2d(width, eps=options.batch_norm_eps))
            channels = width
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out


class _UpBlock(nn.Module):
    def __init__(
        self,
        below: int,
        risen: int,
        skip: int,
        widths: Sequence[int],
        options: UNetOptions,
        *,
        crop: int,
    ) -> None:
        super().__init__()
        self.up: nn.Module
        if options.up_mode == "upconv":
            self.up = nn.ConvTranspose2d(below, risen, kernel_size=2, stride=2)
        else:
            self.up = nn.Sequential(
                nn.Upsample(mode="bilinear", scale_factor=2, align_corners=False),
                nn.Conv2d(below, risen, kernel_size=1),
            )
        self.conv_block = _ConvBlock(risen + skip, widths, options)
        self._crop = crop

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        # torch.cat raises an error for sizes that do not match; nothing is cropped silently.
        out: Tensor = self.conv_block(torch.cat([self.up(x), _crop(skip, self._crop)], dim=1))
        return out


def _crop(images: Tensor, border: int) -> Tensor:
    return images[:, :, border:-border, border:-border] if border else images


def _lost(options: UNetOptions, level: int = 0) -> int:
    """Return the pixels per axis that unpadded convolutions lose from a level downwards.

    They are pixels of the level's resolution.
    """
    if options.padding:
        return 0
    if level == len(options.widths) - 1:
        return 4
    return 4 + 2 * _lost(options, level + 1) + 4


def _trim(options: UNetOptions) -> int:
    """Return the border to crop from an unpadded network's output so that sizes fit.

    Every pooled size must be even, so rows + 4 must be a multiple of ``size_multiple``. From four
    levels on, this contradicts ``rows = multiple + 2 * halo`` if the halo is what the convolutions
    lose. With a halo of two pixels more, both hold.
    """
    return 2 if not options.padding and len(options.widths) > 3 else 0
