"""The version of the package; a test holds it equal to pyproject.toml and the head of the changelog."""

__version__ = "0.1.0"
