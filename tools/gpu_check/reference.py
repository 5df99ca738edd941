"""The bundle and the CPU's results, made by the Python for which the folder is prepared."""

from __future__ import annotations

from importlib import util
from pathlib import Path

import numpy as np

from gpu_check import packed_ct
from gpu_check.contents import PROFILES, STAGES, Folder

# A format is left out where what writes or checks it is not installed.
_FORMATS = {
    "torchscript": ("torch",),
    "safetensors": ("torch", "safetensors"),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
}


def write_reference(root: Path) -> int:
    """Export the bundle, and diagnose the packed CT with the native engine in each profile."""
    import lungrt
    from lungrt.export import export_bundle
    from lungrt.models import load_network

    folder = Folder(root.resolve())
    stages = {
        stage: [load_network(stage, folder.checkpoints / f"{stage}.state")] for stage in STAGES
    }
    formats = [
        name for name, needs in _FORMATS.items() if all(util.find_spec(need) for need in needs)
    ]
    export_bundle(stages, folder.bundle, formats=formats)
    print(f"bundle with {', '.join(formats)}")
    volume = packed_ct.load(folder.ct)
    for profile in PROFILES:
        report = lungrt.Pipeline(folder.bundle, engine="native", profile=profile).run(
            volume, keep_masks=True
        )
        assert report.masks is not None, "masks were asked for"
        folder.report(profile).parent.mkdir(exist_ok=True)
        folder.report(profile).write_text(report.to_json(), encoding="utf-8")
        packed_ct.save_mask(folder.mask(profile), np.asarray(report.masks.mask))
        print(f"profile {profile}: {len(report.candidates)} candidates")
    return 0
