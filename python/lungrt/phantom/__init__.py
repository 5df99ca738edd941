"""Synthetic chest CTs whose nodules and lungs are known exactly.

::

    phantom = lungrt.phantom.chest(seed=7)
    phantom.hu, phantom.geometry, phantom.lung, phantom.nodules

Anatomy is described by signed distances on a coarse grid (`anatomy`). Trees of vessels and bronchi
are grown into the lungs (`tree`, `vessels`), and nodules are planted (`placing`, `planting`).
`tissue` converts all of this to Hounsfield units, and `scanner` simulates the reconstruction with a
kernel's blur and noise. `luna16` writes scans in the layout of LUNA16.
"""

from __future__ import annotations

from lungrt.phantom.build import chest
from lungrt.phantom.implanting import implant
from lungrt.phantom.options import NodulePlan, PhantomOptions
from lungrt.phantom.scan import Phantom
from lungrt.phantom.truth import PlantedNodule

__all__ = ["NodulePlan", "Phantom", "PhantomOptions", "PlantedNodule", "chest", "implant"]
