"""Construction of networks for training or fine-tuning."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from lungrt.models import Checkpoint
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.classifier import infer_options as infer_classifier
from lungrt.models.unet import SegmentationUNet, UNetOptions
from lungrt.models.unet_tensors import infer_options as infer_unet
from lungrt.training.finetune import blocks, load_all_but_last
from lungrt.training.settings import CLASSES, Settings

_WITH_WEIGHTS = (nn.Linear, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)


def make_network(settings: Settings, checkpoint: Checkpoint | None = None) -> nn.Module:
    """Build a network with random weights, or with a checkpoint's in all blocks but the last.

    Random weights come from torch's global generator.

    Parameters
    ----------
    settings : Settings
        Task, widths, crop and context.
    checkpoint : Checkpoint, optional
        Checkpoint to fine-tune. The options that can be read from its tensors, such as widths, are
        those of the checkpoint; the last block gets random weights.

    Raises
    ------
    CheckpointMismatch
        The checkpoint does not fit the network of the task.
    """
    state = checkpoint.state if checkpoint else {}
    where = str(checkpoint.path) if checkpoint else "a new network"
    widths = {"widths": settings.widths} if settings.widths else {}
    network: nn.Module
    if settings.task == "segmentation":
        given = widths if checkpoint else {**widths, "in_channels": 2 * settings.context + 1}
        unet_options, _ = infer_unet(state, given)
        network = SegmentationUNet(UNetOptions(**{**vars(unet_options), "out_channels": 1}))
    else:
        options, _ = infer_classifier(state, {**widths, "crop": settings.crop}, where=where)
        classes = len(CLASSES[settings.task])
        network = Classifier3d(ClassifierOptions(**{**vars(options), "out_channels": classes}))
    for _, block in blocks(network)[:-1]:
        for module in block.modules():
            if isinstance(module, _WITH_WEIGHTS):
                _initialise(module)
    if checkpoint:
        load_all_but_last(network, state, where=where)
    return network


def _initialise(module: nn.Module) -> None:
    """Initialise weights by He's method (fan-out, ReLU), as the book does.

    It is not used for the last layer: its few outputs would give it weights of about 1 and first
    logits of tens. The book's 100,000 samples per epoch recover from that, a hundred crops do not.
    The last layer keeps PyTorch's own small weights.
    """
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
    if isinstance(bias, Tensor):
        _, fan_out = nn.init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_out)
        nn.init.uniform_(bias, -bound, bound)


class TraitHead(nn.Module):
    """Linear layer that predicts the readers' ratings.

    Its input is that of the classifier's last layer. It is used for training only and is not part
    of the checkpoint.

    Parameters
    ----------
    network : Classifier3d
    traits : sequence of str
        Names of the ratings.
    """

    def __init__(self, network: Classifier3d, traits: Sequence[str]) -> None:
        super().__init__()
        self.linear = nn.Linear(network.head_linear.in_features, len(traits))
        self._features: Tensor | None = None
        network.head_linear.register_forward_pre_hook(self._remember)

    def _remember(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0]

    def forward(self) -> Tensor:
        """Return traits [N, traits], scaled to -1 to 1, of the network's last batch."""
        assert self._features is not None, "the network must run before its trait head"
        out: Tensor = self.linear(self._features)
        return out


def add_dropout(network: nn.Module, probability: float) -> None:
    """Add dropout before the last layer, which is active in training mode.

    It is a hook, so that neither the network's options nor its export change.
    """
    if not probability:
        return
    _, last = blocks(network)[-1]

    def drop(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values = inputs[0]
        # Whole feature maps of an image, since neighbouring pixels are highly correlated.
        dropped = F.dropout2d if values.ndim == 4 else F.dropout
        return (dropped(values, probability, training=module.training), *inputs[1:])

    last.register_forward_pre_hook(drop)
