"""Export the checkpoint to a bundle, and compare it with the network itself.

python export.py blobs.pt bundle
"""

from __future__ import annotations

import sys

from lungrt.export import export_bundle
from lungrt.export.parity_table import parity_text
from lungrt.models import load_network

network = load_network(
    "segmentation",
    sys.argv[1],
    arch="blobs:BlobFinder",  # package.module:Class
    options={
        "context_slices": 1,  # the class's own argument
        "contract": {
            "context_slices": 1,  # what the runtime stacks as channels
            "hu_window": [-1000, 400],
            "scale": 0.001,
            "output_kind": "logits",
        },
    },
)
result = export_bundle({"segmentation": [network]}, sys.argv[2])
print(parity_text(result.rows))
for reason in result.left_out:
    print(reason)
