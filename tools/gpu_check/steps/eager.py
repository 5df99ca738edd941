"""The baseline: the same networks as eager PyTorch modules, in each layout and precision.

Like the book's code, but everything that a GPU can do is done there: slices in context, the
threshold and the crops. Only components are found on the CPU, by lungrt's own operators, which are
faster than SciPy. Its best row is what lungrt has to beat.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from typing import Any

import numpy as np

from gpu_check import packed_ct
from gpu_check.job import Job

_SLICES, _CROPS = 8, 64  # of a batch
_PRECISIONS = ("fp32", "tf32", "bf16")


def run(job: Job) -> None:
    """Measure every combination; each is recorded at once."""
    torch = job.require_torch_device()
    job.import_lungrt()
    hu = np.array(packed_ct.load(job.folder.ct).hu)  # that torch may write to, or it warns
    report = json.loads(job.folder.report("book").read_text(encoding="utf-8"))
    indices = np.array([one["index"] for one in report["candidates"]]).reshape(-1, 3)
    precisions = _PRECISIONS if job.on_gpu else ("fp32",)
    searches = (False, True) if job.on_gpu else (False,)
    for search, precision, layout in itertools.product(searches, precisions, ("NCHW", "NHWC")):
        torch.backends.cudnn.benchmark = search
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        baseline = Eager(torch, job, layout, precision)
        with torch.inference_mode():
            # cuDNN's search runs in the first one.
            first = baseline.diagnose(hu, indices)
            runs = [baseline.diagnose(hu, indices) for _ in range(min(job.repeats, 5))]
        job.found(
            eager={
                "precision": precision,
                "layout": layout,
                "cudnn_search": search,
                "first_s": sum(first.values()),
                "stages_s": {
                    stage: statistics.median(one[stage] for one in runs) for stage in first
                },
                "total_s": statistics.median(sum(one.values()) for one in runs),
                **_against_cpu(job, report, baseline),
            }
        )


def _against_cpu(job: Job, report: dict[str, Any], baseline: Eager) -> dict[str, Any]:
    """Return what shows that the baseline computed the same."""
    expected = np.array([one["p_nodule"] for one in report["candidates"]], np.float32)
    return {
        "mask_flips": int((baseline.mask != packed_ct.load_mask(job.folder.mask("book"))).sum()),
        "largest_dp": float(np.abs(baseline.p_nodule - expected).max(initial=0)),
    }


class Eager:
    """Networks of the bundle on a device, in a layout and a precision."""

    def __init__(self, torch: Any, job: Job, layout: str, precision: str) -> None:
        from lungrt.benchmark.eager.networks import open_networks

        self._torch = torch
        self._device = torch.device(job.device)
        networks = open_networks(
            job.folder.bundle,
            {path.stem: [str(path)] for path in job.folder.checkpoints.glob("*.state")},
            device=job.device,
            channels_last=layout == "NHWC",
        )
        self._segmentation, self._nodule = networks["segmentation"], networks["nodule"]
        self._layout = torch.channels_last if layout == "NHWC" else torch.contiguous_format
        self._kind = torch.bfloat16 if precision == "bf16" else torch.float32
        for stage in (self._segmentation, self._nodule):
            for module in stage.modules:
                module.to(self._kind)
        self.mask: Any = None
        self.p_nodule: Any = None

    def diagnose(self, hu: Any, indices: Any) -> dict[str, float]:
        """Diagnose voxels (slices, rows, columns); returns the seconds of each stage.

        The crops are those at `indices` (N, 3), so that every combination does the same work.
        """
        import lungrt

        start = self._now()
        there = self._torch.from_numpy(np.ascontiguousarray(hu)).to(self._device)
        uploaded = self._now()
        self.mask = self._segment(there)
        segmented = self._now()
        lungrt.label(lungrt.erode(self.mask))
        grouped = self._now()
        self.p_nodule = self._classify(there, indices)
        done = self._now()
        return {
            "transfer": uploaded - start,
            "segment": segmented - uploaded,
            "group": grouped - segmented,
            "classify": done - grouped,
        }

    def _segment(self, hu: Any) -> Any:
        torch, entry = self._torch, self._segmentation.entry
        slices, rows, columns = hu.shape
        multiple, halo = entry.input.size_multiple, entry.input.halo
        below, right = -rows % multiple, -columns % multiple
        steps = torch.arange(
            -entry.input.context_slices, entry.input.context_slices + 1, device=self._device
        )
        mask = torch.empty(hu.shape, dtype=torch.bool, device=self._device)
        for first in range(0, slices, _SLICES):
            centres = torch.arange(first, min(first + _SLICES, slices), device=self._device)
            batch = self._scaled(hu[(centres[:, None] + steps).clamp(0, slices - 1)], entry)
            margins = (halo, halo + right, halo, halo + below)
            if any(margins):
                batch = torch.nn.functional.pad(batch, margins, mode="replicate")
            batch = batch.to(self._kind).contiguous(memory_format=self._layout)
            output = self._network(self._segmentation, batch)[:, 0, :rows, :columns]
            mask[first : first + len(centres)] = output > entry.threshold
        return mask.cpu().numpy()

    def _classify(self, hu: Any, indices: Any) -> Any:
        torch, entry = self._torch, self._nodule.entry
        size = np.array(entry.input.crop)
        # As everywhere: halves to even, and shifted inward where a crop would stick out.
        starts = np.clip(np.rint(indices - size / 2).astype(int), 0, np.array(hu.shape) - size)
        outputs = []
        for first in range(0, len(starts), _CROPS):
            crops = torch.stack(
                [
                    hu[z : z + size[0], y : y + size[1], x : x + size[2]]
                    for z, y, x in starts[first : first + _CROPS].tolist()
                ]
            )
            batch = self._scaled(crops, entry)[:, None].to(self._kind)
            if self._layout is torch.channels_last:
                batch = batch.contiguous(memory_format=torch.channels_last_3d)
            outputs.append(self._network(self._nodule, batch))
        return torch.cat(outputs)[:, 1].cpu().numpy() if outputs else np.empty(0, np.float32)

    def _scaled(self, hu: Any, entry: Any) -> Any:
        low, high = entry.input.hu_window
        return hu.float().clamp(low, high) * entry.input.scale + entry.input.offset

    def _network(self, stage: Any, batch: Any) -> Any:
        total = None
        for module in stage.modules:
            output = module(batch)
            output = (output[-1] if isinstance(output, (tuple, list)) else output).float()
            if stage.entry.output.kind == "logits":
                output = output.sigmoid() if output.ndim == 4 else output.softmax(dim=1)
            total = output if total is None else total + output
        return total / len(stage.modules)

    def _now(self) -> float:
        if self._device.type == "cuda":
            self._torch.cuda.synchronize()
        return time.perf_counter()
