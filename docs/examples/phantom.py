"""Make a small phantom and print what is known about it."""

from __future__ import annotations

import numpy as np

import lungrt
from lungrt.phantom import NodulePlan, PhantomOptions, chest

options = PhantomOptions(
    seed=3,
    shape=(48, 160, 160),  # slices, rows, columns
    nodules=(NodulePlan(diameter_mm=20), NodulePlan(diameter_mm=12, density="part-solid")),
)
phantom = chest(options)
print(phantom.hu.shape, phantom.hu.dtype, phantom.geometry.spacing_mm)
for nodule in phantom.nodules:
    print(nodule.index, f"{nodule.diameter_mm:.1f} mm", nodule.density, nodule.malignant)

# Profile "lung" looks only within the lung field: all nodules are inside.
field = lungrt.find_lung_field(phantom.volume).mask
print(all(np.asarray(field)[nodule.index] for nodule in phantom.nodules))
