"""Reading CTs: DICOM folders, image files, SimpleITK images."""

from lungrt.io.dicom import SeriesInfo, list_series
from lungrt.io.image import from_sitk
from lungrt.io.read import Ct, as_volume, read_ct

__all__ = ["Ct", "SeriesInfo", "as_volume", "from_sitk", "list_series", "read_ct"]
