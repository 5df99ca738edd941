"""Libraries of lungrt's engines on LibTorch: a folder ``torch-<minor version>`` for each torch.

There is nothing to import: ``lungrt`` looks here for the folder that fits the installed torch.
"""
