"""The command line: each verb of the product is one command. Results to stdout, progress to stderr."""

from drill.cli.main import main

__all__ = ["main"]
