"""The command `piccobase`: a file a command. A command asks a service and prints one clear line when it cannot."""

from piccobase.cli.main import main

__all__ = ["main"]
