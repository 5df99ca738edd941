"""Train the default models on phantoms: the complete recipe of the files in `export/defaults`.

It runs lungrt's own commands with fixed seeds and writes the resulting scores to the model card.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from string import Template

import torch

from lungrt.phantom import PhantomOptions, chest
from lungrt.phantom.luna16 import luna16_folder

# Seeds of the phantoms. Training and test share none, and `lungrt phantom` begins at 0.
TRAINING, UNSEEN = range(100_000, 100_056), range(300_000, 300_020)
STAGES = ("segmentation", "nodule", "malignancy")
NODULES = {"training": 12, "unseen": 6}  # per scan


def various(seed: int, nodules: int) -> PhantomOptions:
    """Return the options of a chest phantom with random acquisition parameters."""
    draw = random.Random(seed)
    slices = draw.choice([105, 126, 133, 160, 190])
    in_plane = round(draw.uniform(0.64, 0.82), 3)
    kernel, noise_hu = draw.choice([("soft", None), ("soft", draw.uniform(8, 30)), ("sharp", None)])
    return PhantomOptions(
        seed=seed,
        shape=(slices, 512, 512),
        spacing_mm=(in_plane, in_plane, 315 / slices),
        nodules=nodules,
        kernel=kernel,
        noise_hu=noise_hu,
        contrast=draw.random() < 0.5,
        finding="emphysema" if draw.random() < 0.1 else "none",
        position="prone" if draw.random() < 0.1 else "supine",
        circular_field=draw.random() < 0.3,
    )


def phantoms(folder: Path, kind: str, seeds: range) -> None:
    """Generate the scans of some seeds, unless they exist."""
    if folder.exists():
        return
    options = [various(seed, NODULES[kind]) for seed in seeds]
    with luna16_folder(folder, masks=True) as scans, ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, scan in enumerate(pool.map(chest, options), 1):
            scans.add(scan)
            print(f"{kind} phantom {number} of {len(options)}", flush=True)


def lungrt(*arguments: object) -> None:
    """Run a command of lungrt."""
    command = ["lungrt", *map(str, arguments)]
    print("$", " ".join(command), flush=True)
    subprocess.run([sys.executable, "-m", *command], check=True)


def train(work: Path, data: Path) -> None:
    """Train the three networks, each using the one before it."""
    segmentation, nodule, malignancy = (work / f"{stage}.state" for stage in STAGES)
    shared = ("--data", data, "--cache", work / "cache", "--no-progress", "--test-share", 0)
    if not segmentation.exists():
        lungrt(
            "train", "segmentation", *shared, "--output", segmentation, "--widths", "8,16,32,64",
            "--patch", 96, "--window", 160, "--background", 0.4, "--samples-per-epoch", 4000,
            # Without cross-entropy, whole vessels and the chest wall are marked, and nodules
            # attached to them cannot be told apart.
            "--cross-entropy-weight", 10, "--false-negative-weight", 2,
            # The pipeline erodes the mask by one voxel. Without a margin, an exactly marked nodule
            # of two slices would vanish.
            "--mask-margin", 1, "--off-center", 1,
            "--epochs", 9, "--lr", 0.002, "--average", "ema",
            "--validation-share", 0.04, "--best-by", "f1", "--validate-every", 3,
            "--log-dir", work / "logs/segmentation",
        )  # fmt: skip
    bundle = work / "segmentation-bundle"
    if not bundle.exists():
        lungrt(
            "export", "--segmentation", segmentation, "--output", bundle,
            "--formats", "safetensors", "--no-progress",
        )  # fmt: skip
    if not nodule.exists():
        lungrt(
            "train", "nodule", *shared, "--output", nodule, "--mine", bundle,
            "--widths", "4,8,16,32", "--optimizer", "adam", "--lr", 0.002,
            "--epochs", 5, "--samples-per-epoch", 3000, "--average", "ema",
            "--log-dir", work / "logs/nodule",
        )  # fmt: skip
    if not malignancy.exists():
        lungrt(
            "train", "malignancy", *shared, "--output", malignancy,
            "--finetune", nodule, "--finetune-depth", 4, "--optimizer", "adam", "--lr", 0.002,
            "--epochs", 10, "--samples-per-epoch", 1500, "--average", "ema", "--soft-labels",
            "--log-dir", work / "logs/malignancy",
        )  # fmt: skip


def publish(work: Path, output: Path) -> None:
    """Write the checkpoints, without their optimizer state, and the bundle to the output folder."""
    for stage in STAGES:
        state = torch.load(work / f"{stage}.state", weights_only=True)
        kept = {name: value for name, value in state.items() if not name.startswith("optimizer")}
        torch.save(kept, output / f"{stage}.state")
    checkpoints = [part for s in STAGES for part in (f"--{s}", output / f"{s}.state")]
    lungrt(
        "export", *checkpoints, "--output", output / "bundle", "--formats", "safetensors",
        "--force", "--no-progress",
    )  # fmt: skip


def write_card(work: Path, output: Path, minutes: float) -> None:
    """Write the model card, with the scores on the unseen phantoms."""
    scores = json.loads((work / "scores.json").read_text())
    subgroups = {(one["group"], one["name"]): one for one in scores["strata"]}
    everything = subgroups["all", "all nodules"]
    solid = next(one for (group, _), one in subgroups.items() if group == "solid")
    counts, malignancy = scores["counts"], scores["malignancy"]
    found, diameter = malignancy["found"], malignancy["found_diameter"]
    card = Template((Path(__file__).parent / "model_card.md.in").read_text(encoding="utf-8"))
    figures = {
        "networks": "\n".join(_line_of_a_network(output / f"{stage}.state") for stage in STAGES),
        "training": len(TRAINING),
        "minutes": f"{minutes:.0f}",
        "scans": counts["scans"],
        "solid": solid["nodules"],
        "solid_at_4": solid["found_at_4"],
        "solid_at_1": solid["found_at_1"],
        "solid_found": solid["found"],
        "false_marks": f"{counts['false_reported'] / counts['scans']:.1f}",
        "all": everything["nodules"],
        "all_at_4": everything["found_at_4"],
        "cpm": f"{scores['froc']['cpm']:.3f}",
    }
    for name, curve in (("auc", found), ("diameter", diameter)):
        low, high = curve["interval"]
        figures |= {
            f"{name}_auc" if name == "diameter" else name: f"{curve['auc']:.3f}",
            f"{name}_low": f"{low:.3f}",
            f"{name}_high": f"{high:.3f}",
        }
    (output / "MODEL_CARD.md").write_text(card.substitute(figures), encoding="utf-8")


def _line_of_a_network(path: Path) -> str:
    state = torch.load(path, weights_only=True)
    count = sum(t.numel() for name, t in state["model_state"].items() if "num_batches" not in name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return f"| {path.stem} | {state['model_name']} | {count:,} | `{path.name}`, `{digest}` |"


def main() -> None:
    """Train and publish the models, and score them on phantoms not used for training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("build/defaults"),
        metavar="DIR",
        help="folder for phantoms and intermediate results (default build/defaults)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("export/defaults"),
        metavar="DIR",
        help="folder for the models and their card (default export/defaults)",
    )
    arguments = parser.parse_args()
    work, output = arguments.work, arguments.output
    work.mkdir(parents=True, exist_ok=True)
    phantoms(work / "training", "training", TRAINING)
    train(work, work / "training")
    publish(work, output)
    minutes = sum(os.times()[:4]) / 60
    print(f"trained in {minutes:.0f} minutes of processor time", flush=True)
    phantoms(work / "unseen", "unseen", UNSEEN)
    lungrt(
        "evaluate", output / "bundle", "--data", work / "unseen", "--reports", work / "reports",
        "--profile", "lung", "--output", work / "scores.html", "--output", work / "scores.json",
        "--no-progress",
    )  # fmt: skip
    write_card(work, output, minutes)


if __name__ == "__main__":
    main()
