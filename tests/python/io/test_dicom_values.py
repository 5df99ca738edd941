"""What the header of a DICOM slice says about the meaning of its pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import JPEG2000Lossless, RLELossless

import lungrt
from lungrt.errors import BadVolume, Io

WriteSeries = Callable[..., list[Path]]
Edit = Callable[[int, Any], None]
SLICES = 6


@pytest.fixture
def read(tmp_path: Path, write_series: WriteSeries) -> Callable[[Edit], lungrt.CtVolume]:
    """Write a series of six slices of 8 x 10 pixels, each of them changed, and read it."""

    def write_and_read(edit: Edit) -> lungrt.CtVolume:
        write_series(tmp_path / "ct", edit=edit)
        return lungrt.read_ct(tmp_path / "ct")

    return write_and_read


Read = Callable[[Edit], lungrt.CtVolume]


def put(**values: Any) -> Edit:
    def edit(index: int, data: Any) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(data, keyword)
            else:
                setattr(data, keyword, value)

    return edit


def twelve_bits(data: Any, values: NDArray[np.uint16] | None = None, signed: int = 0) -> None:
    data.BitsStored, data.HighBit, data.PixelRepresentation = 12, 11, signed
    if values is not None:
        data.PixelData = values.tobytes()


@pytest.mark.parametrize(
    ("missing", "note"),
    [
        (("RescaleSlope", "RescaleIntercept"), "no RescaleSlope and RescaleIntercept in all 6"),
        (("RescaleSlope",), "no RescaleSlope in all 6 slices: it was taken for 1"),
        (("RescaleIntercept",), "no RescaleIntercept in all 6 slices: it was taken for 0"),
    ],
)
def test_missing_rescale(
    read: Read, pixels: Callable[..., Any], missing: tuple[str, ...], note: str
) -> None:
    volume = read(put(**dict.fromkeys(missing)))
    offset = 0 if "RescaleIntercept" in missing else -1024
    expected = np.stack([pixels(k).astype(np.int16) + offset for k in range(SLICES)])
    assert np.array_equal(volume.hu, expected)
    assert len(volume.notes) == 1
    assert volume.notes[0].startswith(note)


def test_slope_of_zero_counts_as_one(read: Read, pixels: Callable[..., Any]) -> None:
    volume = read(put(RescaleSlope=0))
    assert np.array_equal(volume.hu[4], pixels(4).astype(np.int16) - 1024)
    assert volume.notes == ["RescaleSlope of 0 in all 6 slices: it was taken for 1"]


def test_missing_rescale_of_one_slice_names_it(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        if index == 4:
            del data.RescaleSlope

    assert read(edit).notes == [
        "no RescaleSlope in 1 of 6 slices, the first of which is slice002.dcm: it was taken for 1"
    ]


def test_many_notes_of_a_kind(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        data.RescaleType = f"T{index}"

    notes = read(edit).notes
    assert len(notes) == 4
    assert notes[0].startswith("rescale type 'T0' instead of HU in 1 of 6 slices")
    assert notes[3] == "and 3 more notes of this kind"


@pytest.mark.parametrize("kind", ["HU", "hu", "", None])
def test_rescale_types_that_are_hounsfield_units(read: Read, kind: str | None) -> None:
    assert read(put(**({} if kind is None else {"RescaleType": kind}))).notes == []


@pytest.mark.parametrize("kind", ["US", "HU_MOD", "normalised"])
def test_rescale_types_that_say_little(read: Read, kind: str) -> None:
    assert read(put(RescaleType=kind)).notes == [
        f"rescale type '{kind}' instead of HU in all 6 slices: values were taken for Hounsfield "
        "units"
    ]


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("OD", "optical density"),
        ("Z_EFF", "effective atomic number"),
        ("ED", "electron density"),
        ("EDW", "electron density relative to water"),
        ("MGML", "mg/ml"),
        ("PCT", "percent"),
    ],
)
def test_rescale_types_of_other_quantities(read: Read, kind: str, meaning: str) -> None:
    with pytest.raises(
        BadVolume,
        match=rf"RescaleType \(0028,1054\) is {kind} \({meaning}\), expected HU",
    ):
        read(put(RescaleType=kind))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colours of a palette"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "grey levels are inverted"),
    ],
)
def test_values_that_are_refused(read: Read, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadVolume, match=reason):
        read(put(**values))


def test_rescale_that_is_not_a_number(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        data.add(pydicom.DataElement(0x00281053, "LO", "one"))

    with pytest.raises(BadVolume, match=r"RescaleSlope \(0028,1053\) is 'one', expected 1 number"):
        read(edit)


def test_modality_table(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        table = pydicom.Dataset()
        table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [2, 0, 16], "HU", b"\0\0\1\0"
        table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "OW"
        data.ModalityLUTSequence = [table]

    with pytest.raises(BadVolume, match=r"Modality LUT Sequence \(0028,3000\)"):
        read(edit)


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (["DERIVED", "SECONDARY", "MIP"], "a maximum intensity projection"),
        (["DERIVED", "PRIMARY", "AXIAL", "MINIP"], "a minimum intensity projection"),
        (["DERIVED", "PRIMARY", "AXIAL"], "computed from other images"),
    ],
)
def test_derived_images(read: Read, kind: list[str], note: str) -> None:
    (found,) = read(put(ImageType=kind)).notes
    assert found.startswith("image type " + "\\".join(kind) + " in all 6 slices: " + note)


def test_projection_by_its_calculation(read: Read) -> None:
    (note,) = read(put(VolumeBasedCalculationTechnique="MAX_IP")).notes
    assert "a maximum intensity projection" in note


def test_lossy_compression(read: Read) -> None:
    assert read(put(LossyImageCompression="01")).notes == [
        "lossy compression in all 6 slices: values are not exactly those of the scan"
    ]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("signed", [0, 1])
def test_padding_beyond_the_stored_bits_is_air(read: Read, compress: bool, signed: int) -> None:
    values = np.arange(80, dtype=np.uint16).reshape(8, 10)
    values[0] = 0xF000 if signed else 0xF830  # -4096, -2000 as a scanner means it

    def edit(index: int, data: Any) -> None:
        twelve_bits(data, values, signed)
        data.PixelPaddingValue = np.frombuffer(values[0, 0].tobytes(), "<i2" if signed else "<u2")[
            0
        ].item()
        if compress:
            data.compress(RLELossless)

    volume = read(edit)
    assert (volume.hu[:, 0] == -1024).all()
    assert np.array_equal(volume.hu[0, 1:], values[1:].astype(np.int16) - 1024)
    assert volume.notes == [
        "60 padding pixels beyond the stored bits in all 6 slices: they became air (-1024 HU)"
    ]


def test_padding_beyond_the_stored_bits_of_a_code_stream(read: Read) -> None:
    values = np.arange(64 * 72, dtype=np.uint16).reshape(64, 72) % 4096
    values[0] = 0xF830

    def edit(index: int, data: Any) -> None:
        data.Rows, data.Columns, data.PixelData = 64, 72, values.tobytes()
        data.compress(JPEG2000Lossless)  # with 16 bits, of which the header admits 12
        twelve_bits(data)
        data.PixelPaddingValue = 0xF830

    volume = read(edit)
    assert (volume.hu[:, 0] == -1024).all()
    assert np.array_equal(volume.hu[0, 1:], values[1:].astype(np.int16) - 1024)
    assert [note[:18] for note in volume.notes] == ["432 padding pixels"]


def test_padding_range(read: Read) -> None:
    values = np.full((8, 10), 100, np.uint16)
    values[0] = np.arange(0xF000, 0xF00A)

    def edit(index: int, data: Any) -> None:
        twelve_bits(data, values)
        data.PixelPaddingValue, data.PixelPaddingRangeLimit = 0xF000, 0xF009

    hu = read(edit).hu
    assert (hu[:, 0] == -1024).all()
    assert (hu[:, 1:] == 100 - 1024).all()


def test_padding_within_the_stored_bits_stays_as_it_is(read: Read) -> None:
    values = np.full((8, 10), 100, np.int16)
    values[0] = -2000

    def edit(index: int, data: Any) -> None:
        data.PixelRepresentation, data.PixelPaddingValue = 1, -2000
        data.RescaleIntercept, data.PixelData = 0, values.tobytes()

    volume = read(edit)
    assert np.array_equal(volume.hu[3], values)
    assert volume.notes == []


def test_signs_that_are_not_repeated_above_the_stored_bits(read: Read) -> None:
    wanted = np.arange(-40, 40, dtype=np.int16).reshape(8, 10)

    def edit(index: int, data: Any) -> None:
        twelve_bits(data, wanted.view(np.uint16) & np.uint16(0xFFF), signed=1)
        data.RescaleIntercept = 0

    volume = read(edit)
    assert np.array_equal(volume.hu[0], wanted)
    assert volume.notes == []


def test_negative_values_below_the_stored_bits_are_kept(read: Read) -> None:
    values = np.full((8, 10), -3024, np.int16)

    def edit(index: int, data: Any) -> None:
        twelve_bits(data, values.view(np.uint16), signed=1)
        data.RescaleIntercept = 0

    volume = read(edit)
    assert (volume.hu == -3024).all()
    assert volume.notes == [
        "480 values below the range of the stored bits in all 6 slices: they were kept as they are"
    ]


@pytest.mark.parametrize(("signed", "range_"), [(0, "0 to 4095"), (1, "-2048 to 2047")])
def test_other_values_beyond_the_stored_bits(read: Read, signed: int, range_: str) -> None:
    def edit(index: int, data: Any) -> None:
        values = np.zeros((8, 10), np.uint16)
        values[2, 3] = 5000
        twelve_bits(data, values, signed)

    with pytest.raises(
        BadVolume,
        match=rf"slice\d+\.dcm: stores 5000 in row 2, column 3, but its 12 stored bits "
        rf"\(0028,0101\) hold {range_}",
    ):
        read(edit)


def test_overlays_in_the_pixels_are_removed(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        values = np.arange(80, dtype=np.uint16).reshape(8, 10)
        twelve_bits(data, values | np.uint16(0x8000))
        data.add_new(0x60000100, "US", 16)
        data.add_new(0x60000102, "US", 15)

    assert np.array_equal(read(edit).hu[0].ravel(), np.arange(80) - 1024)


def test_overlays_of_their_own_change_nothing(read: Read, pixels: Callable[..., Any]) -> None:
    def edit(index: int, data: Any) -> None:
        data.add_new(0x60000100, "US", 1)
        data.add_new(0x60000102, "US", 0)
        data.add_new(0x60003000, "OW", b"\xff" * 10)

    assert np.array_equal(read(edit).hu[2], pixels(2).astype(np.int16) - 1024)


def test_colours_are_named_as_such_whatever_else_is_wrong(read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
        data.PhotometricInterpretation = "RGB"  # with a third of its pixels

    with pytest.raises(BadVolume, match="3 samples per pixel"):
        read(edit)


def test_high_bit_above_the_stored_bits(read: Read) -> None:
    with pytest.raises(
        Io, match=r"HighBit \(0028,0102\) is 15, expected 11 for 12 stored bits.*another copy will"
    ):
        read(put(BitsStored=12))


def test_surplus_pixels(read: Read, pixels: Callable[..., Any]) -> None:
    def edit(index: int, data: Any) -> None:
        data.PixelData += b"\0" * 14  # less than a column of 16 bytes

    volume = read(edit)
    assert np.array_equal(volume.hu[1], pixels(1).astype(np.int16) - 1024)
    assert volume.notes == ["14 bytes after the pixels in all 6 slices: they were ignored"]


@pytest.mark.parametrize("values", [{"Rows": 7}, {"Columns": 9}])
def test_a_row_or_a_column_of_surplus_pixels(read: Read, values: dict[str, int]) -> None:
    with pytest.raises(Io, match=r"its pixels have 160 bytes, but . x \d+ pixels of 16 bits in 1"):
        read(put(**values))


@pytest.mark.parametrize("bits", [8, 32])
@pytest.mark.parametrize("signed", [0, 1])
def test_other_sizes_of_pixels(read: Read, bits: int, signed: int) -> None:
    kind = np.dtype(f"{'i' if signed else 'u'}{bits // 8}")
    values = (np.arange(80) - 20 * signed).astype(kind)

    def edit(index: int, data: Any) -> None:
        data.BitsAllocated = data.BitsStored = bits
        data.HighBit, data.PixelRepresentation = bits - 1, signed
        data.PixelData = values.tobytes()
        data["PixelData"].VR = "OW"
        data.RescaleIntercept = -1000

    assert np.array_equal(read(edit).hu[5].ravel(), values.astype(int) - 1000)


def test_slopes_that_differ_between_slices(read: Read, pixels: Callable[..., Any]) -> None:
    def edit(index: int, data: Any) -> None:
        data.RescaleSlope = 0.5 + index / 4
        data.RescaleIntercept = -1000.25

    hu = read(edit).hu
    for index in range(SLICES):
        exact = pixels(index) * (0.5 + index / 4) - 1000.25
        assert np.abs(hu[index] - exact).max() <= 0.5
