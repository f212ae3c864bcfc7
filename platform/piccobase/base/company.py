"""How many requests that may write have come and are not begun: whether whoever writes will have company in a moment.

What can be done for several at once, a commit, is then left to the last of them.
"""


class Company:
    """Counted by the server. Elsewhere nobody is ever waiting."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting = 0

    def begins(self) -> None:
        """One of them does."""
        self.waiting -= 1


COMPANY = Company()
