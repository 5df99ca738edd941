"""What programs of others say about results: dciodvfy, PixelMed's validator, dcmqi."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from needed_programs import needs_program
from numpy.typing import NDArray

import lungrt

PIXELMED = "/usr/share/java/pixelmed.jar"
# Its style sheets need more than Java 17 lets them, and half a minute.
JAVA = (
    "-Djdk.xml.xpathTotalOpLimit=0",
    "-Djdk.xml.xpathExprOpLimit=0",
    "-Djdk.xml.xpathExprGrpLimit=0",
    "-Xmx4g",
)


def _said(*command: str | Path) -> list[str]:
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=540,
    )
    return done.stdout.decode(errors="replace").splitlines()


def dciodvfy_errors(file: Path) -> list[str]:
    """Return the errors that dicom3tools' verifier of objects finds."""
    lines = _said(needs_program("dciodvfy", "dicom3tools"), file)
    assert any(line in ("Segmentation", "Comprehensive3DSR", "SCImage") for line in lines), lines
    return [line for line in lines if line.startswith("Error")]


def pixelmed_errors(file: Path) -> list[str]:
    """Return the errors that PixelMed's validator of structured reports finds."""
    java = needs_program("java", "default-jre-headless")
    jar = needs_program(PIXELMED, "libpixelmed-java")
    lines = _said(java, *JAVA, "-cp", jar, "com.pixelmed.validate.DicomSRValidator", file)
    for expected in (
        "Found Comprehensive3DSR IOD",
        "Found Root Template TID_1500 (MeasurementReport)",
        "Root Template Validation Complete",
        "IOD validation complete",
    ):
        assert expected in lines, lines
    return [line for line in lines if line.startswith("Error") or "illegal" in line]


def _dcmqi(program: str, *arguments: str | Path) -> None:
    # Its programs are scripts beside this Python.
    path = needs_program(str(Path(sys.executable).parent / program), "dcmqi")
    done = subprocess.run(
        [path, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=540
    )
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")


def dcmqi_segments(
    file: Path, folder: Path, volume: lungrt.CtVolume
) -> dict[str, NDArray[np.bool_]]:
    """Return the voxels that dcmqi reads, in the volume's order, by tracking UID."""
    folder.mkdir()
    _dcmqi(
        "segimage2itkimage", "--inputDICOM", file, "--outputDirectory", folder,
        "--outputType", "nrrd",
    )  # fmt: skip
    content = json.loads((folder / "meta.json").read_text())
    found = {}
    for number, segments in enumerate(content["segmentAttributes"], start=1):
        image = SimpleITK.ReadImage(str(folder / f"{number}.nrrd"))
        voxels = SimpleITK.GetArrayFromImage(image)
        np.testing.assert_allclose(image.GetSpacing(), volume.geometry.spacing_mm, atol=1e-4)
        first = volume.geometry.to_index(image.GetOrigin())
        place = tuple(slice(a, a + n) for a, n in zip(first, voxels.shape, strict=True))
        for segment in segments:
            whole = np.zeros(volume.shape, bool)
            whole[place] = voxels == segment["labelID"]
            found[segment["TrackingUniqueIdentifier"]] = whole
    return found


def dcmqi_report(file: Path, folder: Path) -> list[dict[str, Any]]:
    """Return the measurement groups that dcmqi reads of a structured report."""
    target = folder / "report.json"
    _dcmqi("tid1500reader", "--inputDICOM", file, "--outputMetadata", target)
    groups: list[dict[str, Any]] = json.loads(target.read_text())["Measurements"]
    return groups
