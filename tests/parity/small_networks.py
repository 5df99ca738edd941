"""Small members of the network families, with random weights that make a lively pipeline."""

from __future__ import annotations

from pathlib import Path

import eager_pipeline as eager
import engines
import numpy as np
import torch
from scipy import ndimage

from lungrt.export import export_bundle
from lungrt.models import LoadedNetwork, load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

CROP = (6, 8, 8)


def export(
    networks: eager.Networks, bundle: Path, formats: tuple[str, ...] = engines.FORMATS
) -> Path:
    """Write a bundle of the networks, by default for every engine."""
    stages = {
        "segmentation": networks.segmentation,
        "nodule": networks.nodule,
        "malignancy": networks.malignancy,
    }
    export_bundle(
        {stage: members for stage, members in stages.items() if members},
        bundle,
        formats=formats,
    )
    return bundle


def padded_with_malignancy(folder: Path) -> eager.Networks:
    """One network a stage."""
    return eager.Networks(
        segmentation=(_unet(folder, 1, in_channels=3, widths=(4, 6, 8)),),
        nodule=(_classifier(folder, "nodule", 2, out_channels=2),),
        malignancy=(_classifier(folder, "malignancy", 3, out_channels=2),),
    )


def unpadded_ensemble_with_three_classes(folder: Path) -> eager.Networks:
    """Two segmentations that lose a halo; one classifier for nodule and malignancy."""
    shape = {"in_channels": 5, "widths": (3, 5), "padding": False, "up_mode": "upsample"}
    return eager.Networks(
        segmentation=(_unet(folder, 4, **shape), _unet(folder, 5, **shape)),
        nodule=(_classifier(folder, "nodule", 6, out_channels=3),),
    )


def _unet(folder: Path, seed: int, **options: object) -> LoadedNetwork:
    torch.manual_seed(seed)
    module = SegmentationUNet(UNetOptions(**options))  # type: ignore[arg-type]
    channels = module.options.in_channels
    planes = [_texture((channels, 64, 64), seed + k) for k in range(4)]
    with torch.no_grad():
        module.train()
        for _ in range(60):  # running statistics of HU instead of their initial 0 and 1
            module(torch.stack(planes))
        module.eval()
        last = module.unet.last
        logits = torch.logit(module(torch.stack(planes)), eps=1e-6)
        # Certain of itself, and a good part of the voxels lies on either side of the threshold.
        last.weight *= 3 / logits.std()
        last.bias.copy_((last.bias - logits.quantile(0.3)) * 3 / logits.std())
    return _saved_and_loaded(folder, "segmentation", seed, module, padding=options.get("padding"))


def _classifier(folder: Path, stage: str, seed: int, out_channels: int) -> LoadedNetwork:
    torch.manual_seed(seed)
    module = Classifier3d(ClassifierOptions(widths=(3, 5), crop=CROP, out_channels=out_channels))
    crops = torch.stack([_texture(CROP, seed * 100 + k)[None] for k in range(64)])
    with torch.no_grad():
        module.train()
        for _ in range(60):
            module(crops)
        module.eval()
        head = module.head_linear
        logits, _ = module(crops)
        spread = logits.std(dim=0)
        head.weight *= (3 / spread)[:, None]
        head.bias.copy_((head.bias - logits.median(dim=0).values) * 3 / spread)
    return _saved_and_loaded(folder, stage, seed, module, crop=CROP)


def _texture(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = ndimage.gaussian_filter(noise, sigma=(0.6, 1.5, 1.5))
    return torch.from_numpy((smooth / smooth.std() * 700 - 200).clip(-1000, 1000)).float()


def _saved_and_loaded(
    folder: Path, stage: str, seed: int, module: torch.nn.Module, **options: object
) -> LoadedNetwork:
    path = folder / f"{stage}-{seed}.pt"
    torch.save(module.state_dict(), path)
    known = {name: value for name, value in options.items() if value is not None}
    return load_network(stage, path, options=known or None)
