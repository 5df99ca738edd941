"""Pictures of a diagnosis: planes through each nodule, an overview, and one sheet of both.

All planes are those of the patient, not of the file: the volume is resampled, so that sides are
right whatever the order or tilt in which a scan is stored.
"""

from lungrt.pictures.overview import Overview, draw_overview
from lungrt.pictures.planes import PLANES, Plane, View
from lungrt.pictures.scene import Scene

__all__ = ["PLANES", "Overview", "Plane", "Scene", "View", "draw_overview"]
