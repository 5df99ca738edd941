"""Synthetic chest CTs with exact truth.

::

    phantom = lungrt.phantom.chest(seed=7)
    phantom.hu, phantom.geometry, phantom.lung, phantom.nodules

Anatomy is described by signed distances on a coarse grid (`anatomy`), trees are grown into the
lungs (`tree`, `vessels`), nodules planted (`placing`, `planting`); `tissue` turns all of it into
Hounsfield units, `scanner` into a reconstruction with a kernel's blur and noise, and `luna16`
writes what LUNA16 publishes.
"""

from __future__ import annotations

from lungrt.phantom.build import chest
from lungrt.phantom.implanting import implant
from lungrt.phantom.options import NodulePlan, PhantomOptions
from lungrt.phantom.scan import Phantom
from lungrt.phantom.truth import PlantedNodule

__all__ = ["NodulePlan", "Phantom", "PhantomOptions", "PlantedNodule", "chest", "implant"]
