"""Training data: nodules and non-nodules, their CTs, and crops of the CTs.

`open_data` reads a folder of any supported kind; `lungrt.training.data.samples` defines the common
type of samples. No module of this package imports torch.
"""

from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.sources import open_data

__all__ = ["DataSet", "Sample", "open_data"]
