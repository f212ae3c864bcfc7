"""What `serve --reload` asks when the code wants other tables than the database has: found out, told, carried out.

This runs in the process that is to serve the app (`reloaded.py`); what it finds travels to the one that asks.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec
from piccolo.table import Table

from piccobase.app.declared import App
from piccobase.app.migrating import Engine, bring_up_to_date, read_histories, unwritten
from piccobase.app.services import bind_tables, make_engine
from piccobase.base.config import Config
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import plan_setup, table_name
from piccobase.db.shape import read_shape
from piccobase.migrations.applying import plan_changes
from piccobase.migrations.changes import Step
from piccobase.migrations.drafting import Draft, draft_migrations
from piccobase.migrations.projects import Project
from piccobase.migrations.renaming import Ambiguous, Answers, Question


class Renaming(msgspec.Struct, frozen=True):
    """`old` is gone; it may be one of `candidates` now. Nobody has said so yet. All are places: `posts.title`."""

    old: str
    candidates: tuple[str, ...]


class ToldStep(msgspec.Struct, frozen=True):
    """One thing that is done, by one statement or several."""

    says: str
    statements: tuple[str, ...]
    rows: int
    seconds: float  # about


class ToldLoss(msgspec.Struct, frozen=True):
    place: str
    why: str


class Proposal(msgspec.Struct, frozen=True):
    """What the code wants. With questions nothing else is known yet; with problems it cannot be done."""

    questions: tuple[Renaming, ...] = ()
    changes: tuple[str, ...] = ()  # in words, a line each
    steps: tuple[ToldStep, ...] = ()
    losses: tuple[ToldLoss, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names exactly this proposal: an answer to another one is none to this."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


class Decision(msgspec.Struct, frozen=True):
    """What somebody has answered: which renames are some, and the proposal that is to be carried out, if any is."""

    renamed: dict[str, str] = {}  # posts.title -> posts.headline
    dropped: tuple[str, ...] = ()  # gone, and nothing else now
    apply: str = ""  # a digest


async def propose(app: App, config: Config, decision: Decision) -> Proposal | None:
    """What somebody has to decide before the app can be served; None where there is nothing, or it was carried out.

    New tables are made without being asked for, unless the app has migrations: those say everything. Writes the
    migrations and applies them when `decision` says so. Raises StartError.
    """
    project = app.project(config)
    engine = make_engine(config)
    try:
        if isinstance(engine, PostgresEngine):
            await engine.check()
        tables = [*project.served, *(table for one in project.apps for table in one.tables)]
        bind_tables(tables, engine)
        histories = await read_histories(project)
        if not unwritten(project, histories) and not await _changes_tables(engine, project.following):
            return None
        # What is pending comes first: the proposal is about what is there then.
        await bring_up_to_date(engine, _without_following(project), histories)
        drafts, proposal = await _drafted(engine, project, decision)
        if proposal is None or proposal.digest != decision.apply or proposal.problems:
            return proposal
        places = [loss.place for loss in proposal.losses]
        for draft in drafts:
            await draft.write(accepted=places, db=engine)
        await bring_up_to_date(engine, project, await read_histories(project))
        return None
    finally:
        await engine.close()


async def _changes_tables(engine: Engine, tables: Sequence[type[Table]]) -> bool:
    """Whether tables that follow the code are there already and other than declared."""
    shape = await read_shape(engine)
    plan = plan_setup([table for table in tables if table_name(table) in shape.tables], shape)
    return bool(plan.problems or plan.statements)


def _without_following(project: Project) -> Project:
    return Project(project.apps, tuple(table for table in project.served if table not in project.following))


async def _drafted(engine: Engine, project: Project, decision: Decision) -> tuple[list[Draft], Proposal | None]:
    try:
        drafts = await draft_migrations(project, _answers(decision), engine)
    except Ambiguous as error:
        return [], Proposal(questions=_questions(error.questions))
    changing = [draft for draft in drafts if not draft.is_there]
    if not changing:
        return [], None
    plans = await plan_changes(engine, [draft.change(engine) for draft in changing])
    return drafts, Proposal(
        changes=tuple(line for draft in changing for line in draft.difference.lines()),
        steps=tuple(_told(step for plan in plans for step in plan.steps)),
        losses=tuple(ToldLoss(loss.place, loss.why) for plan in plans for loss in plan.losses),
        problems=tuple(str(problem) for plan in plans for problem in plan.problems),
    )


def _told(steps: Iterable[Step]) -> Iterator[ToldStep]:
    for says, group in groupby(steps, key=lambda step: step.says):
        done = list(group)
        seconds = sum(step.seconds for step in done)
        yield ToldStep(says, tuple(step.sql for step in done), max(step.rows for step in done), seconds)


def _questions(asked: Sequence[Question]) -> tuple[Renaming, ...]:
    by_old: dict[str, list[str]] = {}
    for question in asked:
        by_old.setdefault(question.old, []).append(question.new)
    return tuple(Renaming(old, tuple(candidates)) for old, candidates in by_old.items())


def _answers(decision: Decision) -> Answers:
    """As options would say it."""
    columns = {old: new.rpartition(".")[2] for old, new in decision.renamed.items() if "." in old}
    tables = {old: new for old, new in decision.renamed.items() if "." not in old}
    return Answers(tables=tables, columns=columns, dropped=decision.dropped)
