"""How many requests have come that nobody has begun to answer: whether there will be company in a moment.

Whoever does something that can be done for several at once, such as a commit, leaves it to the last of them.
"""


class Company:
    """Counted by the server, and by whoever begins to answer. Elsewhere nobody is ever waiting."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting = 0


COMPANY = Company()
