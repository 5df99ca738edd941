"""Eager PyTorch architectures, and loading trained checkpoints into them.

Two families of networks are built from the shapes of a checkpoint's tensors: the U-Net that
segments nodule candidates (`lungrt.models.unet`) and the 3-D classifier of candidates
(`lungrt.models.classifier`). Any other architecture is given as ``"package.module:Class"`` or
registered as an entry point (`lungrt.models.custom`). `load_network` loads all of them.
"""

from lungrt.models.checkpoint import Checkpoint, load_checkpoint
from lungrt.models.contract import InputContract
from lungrt.models.network import LoadedNetwork, load_network

__all__ = ["Checkpoint", "InputContract", "LoadedNetwork", "load_checkpoint", "load_network"]
