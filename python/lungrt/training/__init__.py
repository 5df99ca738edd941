"""Training and fine-tuning the pipeline's networks, and the data that it needs.

Plain PyTorch: `lungrt.training.session.train` is the whole loop of epochs and
`lungrt.training.epoch` what happens to one batch. `lungrt.training.settings` has every number
with the book's as default, `lungrt.training.tasks` what each of the four tasks asks of data, loss
and scores, `lungrt.training.finetune` which blocks are trained. What comes out is a checkpoint in
the book's format, which `lungrt export` takes.

Importing this package imports no torch.
"""
