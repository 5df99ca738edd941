"""Training and fine-tuning of the pipeline's networks, and the data sets for it.

The training is plain PyTorch: `lungrt.training.loop` is the loop over epochs, and
`lungrt.training.session` trains and validates a network for an epoch. `lungrt.training.settings`
has all settings with the book's values as defaults, `lungrt.training.objectives` the batches,
losses and scores of the four tasks, `lungrt.training.finetune` the choice of the blocks to train.
The result is a checkpoint in the book's format, which ``lungrt export`` reads.

Importing this package does not import torch.
"""
