"""A proposal that waits for somebody to decide: on the page, or in the terminal. Whoever is first decides."""

import asyncio
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import rich_click as click

from piccobase.cli.migrate_saying import count, duration, faint, heading
from piccobase.cli.proposing import Decision, Proposal


class Asking:
    """`decided` is called once, with the decision that the next process is to know."""

    def __init__(self, proposal: Proposal, before: Decision, decided: Callable[[Decision], None]) -> None:
        self.proposal = proposal
        self._before = before
        self._decided: Callable[[Decision], None] | None = decided

    def choose(self, choices: Mapping[str, str]) -> bool:
        """What each thing that is gone is now, "" for nothing. False where that is no answer to what was asked."""
        asked = {question.old: question.candidates for question in self.proposal.questions}
        if choices.keys() != asked.keys() or any(new and new not in asked[old] for old, new in choices.items()):
            return False
        chosen = [new for new in choices.values() if new]
        if len(set(chosen)) != len(chosen):
            return False
        renamed = {old: new for old, new in choices.items() if new}
        dropped = tuple(old for old, new in choices.items() if not new)
        return self._decide(
            Decision(renamed={**self._before.renamed, **renamed}, dropped=(*self._before.dropped, *dropped))
        )

    def apply(self, digest: str) -> bool:
        """Yes to the proposal of this digest. False where it is another one, or one that cannot be carried out."""
        if self.proposal.questions or self.proposal.problems or digest != self.proposal.digest:
            return False
        return self._decide(msgspec.structs.replace(self._before, apply=digest))

    def _decide(self, decision: Decision) -> bool:
        decided, self._decided = self._decided, None
        if decided is not None:
            decided(decision)
        return decided is not None

    @contextmanager
    def in_terminal(self, page: str) -> Iterator[None]:
        """Tells the terminal, and takes its answer as long as the block lasts. `page` is where else it can be given."""
        click.echo("\n".join(_told(self.proposal, page)), err=True)
        if self.proposal.problems or not sys.stdin.isatty():
            yield
            return
        conversation = self._conversation()
        click.echo(next(conversation), nl=False, err=True)

        def heard() -> None:
            line = sys.stdin.readline()
            try:
                click.echo(conversation.send(line.strip().lower() in ("y", "yes")), nl=False, err=True)
            except StopIteration:
                loop.remove_reader(sys.stdin)

        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin, heard)
        try:
            yield
        finally:
            loop.remove_reader(sys.stdin)

    def _conversation(self) -> Generator[str, bool, None]:
        """Prompts; each is answered with yes or no."""
        if not self.proposal.questions:
            trash = ", and put what is lost into the trash" if self.proposal.losses else ""
            if (yield f"Change the tables{trash}? [y/N] "):
                self.apply(self.proposal.digest)
            else:
                click.echo("Nothing was changed. Save the file as it was, or say yes on the page.", err=True)
            return
        choices: dict[str, str] = {}
        for question in self.proposal.questions:
            choices[question.old] = ""
            for new in question.candidates:
                if new not in choices.values() and (yield f"{question.old} is gone and {new} is new. Renamed? [y/N] "):
                    choices[question.old] = new
                    break
        self.choose(choices)


def _told(proposal: Proposal, page: str) -> Iterator[str]:
    if proposal.questions:
        yield f"Something may have another name now. Answer here, or on {page}"
        return
    yield heading("The code wants other tables than the database has:")
    yield from (f"  {line}" for line in proposal.changes)
    for step in proposal.steps:
        about = [count(step.rows, "row")] if step.rows else []
        about += [f"about {duration(step.seconds)}"] if step.seconds >= 0.05 else []
        yield faint(f"    {step.says}" + (f" ({', '.join(about)})" if about else ""))
    for loss in proposal.losses:
        yield f"  {click.style('loses', fg='red')} {loss.place}: {loss.why}"
    for problem in proposal.problems:
        yield f"  {click.style('cannot', fg='red')} {problem}"
    if proposal.problems:
        yield f"So it cannot be done. The next change of a Python file is looked at again; {page} says the same."
    else:
        yield f"A yes here or on {page} writes it down as a migration and applies it."
