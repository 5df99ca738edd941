"""Input that a network expects."""

from __future__ import annotations

from dataclasses import dataclass

from lungrt.errors import InvalidArgument
from lungrt.models.options import as_sizes, check_number, check_whole


@dataclass(frozen=True)
class InputContract:
    """Conversion of a CT to a network's input: ``clamp(hu, hu_window) * scale + offset``, float32.

    Attributes
    ----------
    hu_window : tuple of float
        Lowest and highest value in Hounsfield units; values beyond are clamped.
    scale, offset : float
        Applied after clamping.
    context_slices : int or None
        Segmentation only: number of slices on each side of the segmented one. The channels are
        ``z - context_slices .. z + context_slices``, with edge slices repeated.
    crop : tuple of int or None
        Classifiers only: size (slices, rows, columns) of the crop around a candidate, in voxels.
    size_multiple : int
        Segmentation only: rows and columns, without the halo, must be multiples of it.
    halo : int
        Segmentation only: pixels by which the output is smaller than the input on each side.

    Raises
    ------
    InvalidArgument
        A value is out of range, or not exactly one of `context_slices` and `crop` is given.
    """

    hu_window: tuple[float, float] = (-1000.0, 1000.0)
    scale: float = 1.0
    offset: float = 0.0
    context_slices: int | None = None
    crop: tuple[int, ...] | None = None
    size_multiple: int = 1
    halo: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.hu_window, (list, tuple)) or len(self.hu_window) != 2:
            raise InvalidArgument(
                f"hu_window: expected [lowest, highest] in Hounsfield units, got {self.hu_window!r}"
            )
        for name, value in (
            ("hu_window", self.hu_window[0]),
            ("hu_window", self.hu_window[1]),
            ("scale", self.scale),
            ("offset", self.offset),
        ):
            check_number(name, value)
        low, high = map(float, self.hu_window)
        if low >= high:
            raise InvalidArgument(f"hu_window: expected lowest < highest, got {self.hu_window!r}")
        if self.scale == 0:
            raise InvalidArgument("scale: expected a number other than 0")
        if (self.context_slices is None) == (self.crop is None):
            raise InvalidArgument(
                "an input contract needs exactly one of context_slices (segmentation) and crop "
                f"(classifiers), got context_slices={self.context_slices!r} and crop={self.crop!r}"
            )
        if self.context_slices is not None:
            check_whole("context_slices", self.context_slices, least=0)
        check_whole("size_multiple", self.size_multiple)
        check_whole("halo", self.halo, least=0)
        object.__setattr__(self, "hu_window", (low, high))
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "offset", float(self.offset))
        if self.crop is not None:
            object.__setattr__(self, "crop", as_sizes("crop", self.crop, count=3))
