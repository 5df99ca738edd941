"""``lungrt train``: four commands with the same options."""

from lungrt.cli.train.command import app

__all__ = ["app"]
