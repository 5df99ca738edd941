"""``lungrt train``: four commands, one for each task, with the same options."""

from lungrt.cli.train.command import app

__all__ = ["app"]
