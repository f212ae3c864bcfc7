"""`python -m piccobase`: the command."""

from piccobase.cli import main

main()
