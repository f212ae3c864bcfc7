"""How far a load has come: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

EVERY = 10_000  # records between two lines

# Told the name of what is loaded, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """What to call after each batch."""
    console = Console()
    if not console.is_terminal:
        yield _print_line
        return
    with Bars(TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def move_bar(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        yield move_bar


def _print_line(name: str, done: int, total: int) -> None:
    if done == total or done % EVERY == 0:
        print(f"{name}: {done} of {total}", flush=True)
