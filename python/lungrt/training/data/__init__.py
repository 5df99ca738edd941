"""What is trained on: lists of nodules and non-nodules, their CTs, and crops of them.

`open_data` recognises a folder; `lungrt.training.data.samples` says what an item is, wherever it
came from. Nothing here imports torch.
"""

from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.sources import open_data

__all__ = ["DataSet", "Sample", "open_data"]
