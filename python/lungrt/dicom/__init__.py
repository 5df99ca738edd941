"""Results of a diagnosis as DICOM objects, for archives and viewers (``lungrt[dicom]``).

::

    import lungrt
    import lungrt.dicom

    volume = lungrt.read_ct("path/to/dicom")
    report = lungrt.Pipeline(bundle).run(volume, keep_masks=True)
    lungrt.dicom.write_results("results", report, volume)
"""

import lungrt.dicom.needed  # noqa: F401  (fails first, with what to install)
from lungrt.dicom.results import Results, make_results
from lungrt.dicom.source import SourceSeries, read_source
from lungrt.dicom.write import result_folder, write_results

__all__ = [
    "Results",
    "SourceSeries",
    "make_results",
    "read_source",
    "result_folder",
    "write_results",
]
