"""Parsing of ``--engine-option NAME=VALUE``."""

from __future__ import annotations

from lungrt.cli.options import parse_engine_options

__all__ = ["parse_engine_options"]
