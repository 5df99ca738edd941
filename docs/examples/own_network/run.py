"""Run the bundle: it finds a ball of 12 mm in a lung.

python run.py bundle
"""

from __future__ import annotations

import sys

import numpy as np

import lungrt

spacing_mm = (0.75, 0.75, 1.25)  # x, y, z
z, y, x = np.ogrid[:24, :96, :96]
distance_mm = np.sqrt(((z - 12) * 1.25) ** 2 + ((y - 40) * 0.75) ** 2 + ((x - 60) * 0.75) ** 2)
hu = np.where(distance_mm < 6, 30, -850).astype(np.int16)  # (slices, rows, columns)
volume = lungrt.CtVolume(hu, lungrt.Geometry(spacing_mm=spacing_mm))

pipeline = lungrt.Pipeline(sys.argv[1], profile="book")
mask = pipeline.segment(volume)
for candidate in pipeline.group(volume, mask):
    print(candidate.index, f"{candidate.diameter_mm:.1f} mm")
