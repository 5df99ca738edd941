"""What the two built-in families of networks have in common: how their tensors are recognised."""

from __future__ import annotations

from collections.abc import Iterable

from lungrt.models import classifier, unet_tensors

__all__ = ["network_prefixes"]


def network_prefixes(names: Iterable[str]) -> list[str]:
    """Return the prefixes below which names are those of a network of a built-in family.

    Parameters
    ----------
    names : iterable of str
        Names of tensors.

    Returns
    -------
    list of str
        Each is empty or ends with a dot; in the order of the names.
    """
    prefixes: dict[str, None] = {}
    for name in names:
        for family in (unet_tensors, classifier):
            if (prefix := family.prefix_of(name)) is not None:
                prefixes[prefix] = None
    return list(prefixes)
