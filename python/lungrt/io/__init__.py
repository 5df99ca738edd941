"""Reading of CTs (DICOM folders, image files, SimpleITK images) and writing of masks."""

from lungrt.io.image import from_sitk
from lungrt.io.masks import mask_folder, write_masks
from lungrt.io.read import Ct, SeriesInfo, SeriesPartInfo, as_volume, list_series, read_ct

__all__ = [
    "Ct",
    "SeriesInfo",
    "SeriesPartInfo",
    "as_volume",
    "from_sitk",
    "list_series",
    "mask_folder",
    "read_ct",
    "write_masks",
]
