"""Training and fine-tuning the pipeline's networks, and the data that it needs.

Plain PyTorch: `lungrt.training.loop` is the loop of epochs, `lungrt.training.session` what an
epoch does to a network. `lungrt.training.settings` has every number with the book's as default,
`lungrt.training.objectives` what each of the four tasks asks of a batch, loss and scores,
`lungrt.training.finetune` which blocks are trained. What comes out is a checkpoint in the book's
format, which ``lungrt export`` takes.

Importing this package imports no torch.
"""
