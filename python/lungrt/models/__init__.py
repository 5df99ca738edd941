"""Eager PyTorch architectures, and loading trained checkpoints into them.

Two network families are built from what a checkpoint's tensors say: the U-Net that segments nodule
candidates (`lungrt.models.unet`) and the 3-D classifier that judges them
(`lungrt.models.classifier`). Any other architecture is named as ``"package.module:Class"`` or
registered as an entry point (`lungrt.models.custom`). What a network is and how the book's code
behaves is described there; `load_network` is the one way in.
"""

from lungrt.models.checkpoint import Checkpoint, load_checkpoint
from lungrt.models.contract import InputContract
from lungrt.models.network import LoadedNetwork, load_network

__all__ = ["Checkpoint", "InputContract", "LoadedNetwork", "load_checkpoint", "load_network"]
