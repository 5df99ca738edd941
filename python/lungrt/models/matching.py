"""Comparison of a checkpoint's tensors with the tensors that an architecture needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from lungrt.errors import CheckpointMismatch


def matched_state(
    module: nn.Module,
    state: Mapping[str, Tensor],
    *,
    failure: str,
    file_name: Callable[[str], str] = lambda name: name,
) -> dict[str, Tensor]:
    """Return the state dict for `module` if `state` has exactly the tensors that it needs.

    Only ``num_batches_tracked`` of batch norms may be missing: inference does not use it, and old
    checkpoints do not have it.

    Parameters
    ----------
    module : torch.nn.Module
        The architecture; its parameters may be on the meta device.
    state : mapping of str to torch.Tensor
        The checkpoint's tensors.
    failure : str
        First line of the error message: the file, and what it does not fit.
    file_name : callable, optional
        Turns a name of the module into the name that the checkpoint uses for it.

    Raises
    ------
    CheckpointMismatch
        The tensors do not fit; the message lists every missing, unexpected and misshapen tensor.
    """
    expected = {file_name(name): (name, tensor) for name, tensor in module.state_dict().items()}
    matched: dict[str, Tensor] = {}
    missing, misshapen = [], []
    for in_file, (name, wanted) in expected.items():
        found = state.get(in_file)
        if found is None:
            if not in_file.endswith("num_batches_tracked"):
                missing.append(f"{in_file} {_describe(wanted)}")
            else:
                matched[name] = wanted.new_zeros((), device="cpu")
        elif found.shape != wanted.shape or (
            found.is_floating_point() != wanted.is_floating_point()
        ):
            misshapen.append(f"{in_file}: found {_describe(found)}, expected {_describe(wanted)}")
        else:
            matched[name] = found
    unexpected = [f"{name} {_describe(state[name])}" for name in state if name not in expected]

    if missing or unexpected or misshapen:
        lines = [failure]
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("wrong shape or type", misshapen),
        ):
            if names:
                lines += [f"  {what} ({len(names)}):", *(f"    {name}" for name in names)]
        raise CheckpointMismatch("\n".join(lines))
    return matched


def _describe(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() else f" {str(tensor.dtype).removeprefix('torch.')}"
    return f"{list(tensor.shape)}{kind}"
