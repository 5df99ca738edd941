"""Entry point of ``python -m lungrt``, the command line."""

from lungrt.cli import main

main()
