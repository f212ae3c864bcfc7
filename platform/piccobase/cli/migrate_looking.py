"""`piccobase migrate plan`, `status` and `check`: what is pending, and what it would do. They change nothing."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from piccolo.conf.apps import AppConfig

from piccobase.app.migrating import Engine, bring_up_to_date, differing, own_histories, unwritten, unwritten_of_plugins
from piccobase.base.errors import StartError
from piccobase.cli.migrate_opening import Opened, bound, database_of, has_database, open_project
from piccobase.cli.migrate_saying import count, done_lines, duration, faint, heading, plan_lines, title
from piccobase.cli.options import app_argument, database_options
from piccobase.db.setup import plan_setup
from piccobase.db.shape import read_shape
from piccobase.migrations.applying import plan_changes
from piccobase.migrations.cockroach import CockroachDialect, plan_cockroach
from piccobase.migrations.files import Migration
from piccobase.migrations.record import Recorded, recorded, recorded_names, refuse_newer
from piccobase.migrations.taking_up import take_up
from piccobase.migrations.trying import copy_of
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS

_SYSTEM = SYSTEM_MIGRATIONS.app_name


@click.command()
@app_argument
@click.option("--try", "tried", is_flag=True, help="run it on a copy of the database, and tell how long it took")
@click.option("--accept-loss", multiple=True, metavar="posts.body", help="as for apply")
@click.option("--sql", "dialect", type=click.Choice(["cockroach"]), help="only print all migrations as its SQL")
@database_options
def plan(
    app: str,
    tried: bool,
    accept_loss: Sequence[str],
    dialect: str | None,
    data_dir: Path | None,
    database_url: str | None,
) -> None:
    """Show what would be applied: the SQL, the rows it touches, whom it keeps waiting, how long, and what it loses.

    Ends with status 1 where it would be refused.
    """
    options = {"data_dir": data_dir, "database_url": database_url}
    if dialect is not None:
        asyncio.run(_say_cockroach(app, options))
        return
    if not asyncio.run(_plan(app, options, accept_loss, tried=tried)):
        sys.exit(1)


async def _plan(target: str, options: Mapping[str, Any], accepted: Sequence[str], *, tried: bool) -> bool:
    opened = await open_project(target, options)
    if changes := unwritten(opened.project, opened.histories):
        lines = [line for found in changes.values() for line in found.lines()]
        click.echo(f"{count(len(lines), 'change')} of the code not written down yet: piccobase migrate new", err=True)
    if not has_database(opened.config):
        click.echo("There is no database yet; the first start makes it.")
        return True
    async with database_of(opened) as engine:
        fine = await _say_plan(opened, engine, accepted)
        if tried:
            fine = await _try(opened, engine, accepted)
        return fine


async def _say_cockroach(target: str, options: Mapping[str, Any]) -> None:
    """All migrations of the project, on an empty database. Nothing is asked of one, so losses are not told."""
    opened = await open_project(target, options)
    for app, history in own_histories(opened.project, opened.histories):
        for migration in history:
            steps, problems = plan_cockroach(migration.change(CockroachDialect()))
            click.echo(f"-- {app.name} {migration.id}  {migration.file.description}".rstrip())
            if migration.functions:
                click.echo(f"-- runs {count(len(migration.functions), 'function')} of its own first")
            for problem in problems:
                click.echo(f"-- by hand: {problem}")
            for step in steps:
                click.echo(f"{step.sql};")


async def _say_plan(opened: Opened, engine: Engine, accepted: Sequence[str]) -> bool:
    waiting = await _waiting(opened, engine)
    system = [migration for app, migration in waiting if app.app_name == _SYSTEM]
    own = [(app, migration) for app, migration in waiting if app.app_name != _SYSTEM]
    if system:
        click.echo(f"{heading('the system')} {count(len(system), 'migration')} of this version of Piccobase")
    plans = await plan_changes(engine, [migration.change(engine) for _, migration in own])
    fine = True
    for (app, migration), found in zip(own, plans, strict=True):
        given_up = {*accepted, *migration.file.accepted_losses}
        click.echo(title(app.app_name, migration))
        for line in plan_lines(found, len(migration.functions), given_up):
            click.echo(line)
        fine = fine and not found.problems and not found.unaccepted(given_up)
    followed = plan_setup(opened.project.following, await read_shape(engine))
    for statement in followed.statements:
        click.echo(f"{heading('the code')} {faint(statement)}")
    for problem in followed.problems:
        click.echo(f"  {click.style('cannot', fg='red')} {problem}")
    if not waiting and not followed.statements and not followed.problems:
        click.echo("Nothing is pending.")
    elif len(own) > 1:
        click.echo(faint("Rows are those of now: what an earlier migration makes or renames is not counted."))
    return fine and not followed.problems


async def _try(opened: Opened, engine: Engine, accepted: Sequence[str]) -> bool:
    async with copy_of(engine, opened.config.data_dir / "tmp") as copy:
        try:
            with bound(opened, copy):
                done = await bring_up_to_date(copy, opened.project, opened.histories, accepted=accepted)
        except StartError as error:
            click.echo(f"\n{heading('On a copy')} it does not go through:\n{error.message}")
            return False
    click.echo(f"\n{heading('On a copy')} it goes through, in {duration(sum(it.seconds for it in done.migrations))}.")
    for line in done_lines(done.migrations, "Applied"):
        click.echo(line)
    return True


async def _waiting(opened: Opened, engine: Engine) -> list[tuple[AppConfig, Migration]]:
    """What would be applied, a history that would be taken up left out."""
    waiting = []
    for app, history in opened.histories:
        done = await recorded_names(engine, app)
        refuse_newer(app, [migration.id for migration in history], done)
        done = done or await take_up(engine, app, history)
        waiting += [(app, migration) for migration in history if migration.id not in done]
    return waiting


@click.command()
@app_argument
@database_options
def status(app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Show each app's migrations, done or pending, and where code, files and database disagree."""
    asyncio.run(_status(app, {"data_dir": data_dir, "database_url": database_url}))


async def _status(target: str, options: Mapping[str, Any]) -> None:
    opened = await open_project(target, options)
    if not has_database(opened.config):
        _say_status(opened, {}, None)
        click.echo("There is no database yet; the first start makes it.")
        return
    async with database_of(opened) as engine:
        seen = {(row.app, row.name): row for row in await recorded(engine)}
        try:
            waiting, why = await _waiting(opened, engine), ""
        except StartError as error:
            waiting, why = None, error.message
        _say_status(opened, seen, waiting)
        if why:
            click.echo(click.style(why, fg="red"))
        elif not waiting:
            for line in await differing(engine, opened.project):
                click.echo(f"The database is not as the migrations have left it: {line}")


def _say_status(
    opened: Opened,
    seen: Mapping[tuple[str, str], Recorded],
    waiting: Sequence[tuple[AppConfig, Migration]] | None,
) -> None:
    """`waiting` is None where nobody knows: then all that was not seen is."""
    pending = None if waiting is None else {(app.app_name, migration.id) for app, migration in waiting}
    system = opened.history(_SYSTEM)
    done = sum((_SYSTEM, migration.id) in seen for migration in system)
    click.echo(f"{heading('the system')}  {done} of {len(system)} done")
    for app, history in own_histories(opened.project, opened.histories):
        click.echo(heading(app.name) + (f"  {faint('of the plugin')}" if app.of_plugin else ""))
        for migration in history:
            place = (app.name, migration.id)
            if place in seen:
                state = f"done {seen[place].ran_on}"
            elif pending is not None and place not in pending:
                state = "there already".ljust(24)  # and not recorded yet
            else:
                state = click.style("pending".ljust(24), fg="yellow")
            click.echo(f"  {migration.id}  {state}  {migration.file.description}".rstrip())
    known = {migration.id for _, history in own_histories(opened.project, opened.histories) for migration in history}
    names = {app.name for app in opened.project.apps}
    for of, name in seen:
        if of in names and name not in known:
            click.echo(f"  {name}  {click.style('done, but its file is not there', fg='red')}")
    if opened.project.following:
        tables = ", ".join(table._meta.tablename for table in opened.project.following)
        click.echo(
            f"{heading('without migrations')}  {tables}: they follow the code; piccobase migrate new begins some"
        )
    for found in unwritten(opened.project, opened.histories).values():
        click.echo("Changed in the code, and not written down (piccobase migrate new):")
        for line in found.lines():
            click.echo(f"  {line}")


@click.command()
@app_argument
@database_options
def check(app: str, data_dir: Path | None, database_url: str | None) -> None:
    """End with status 1 where the code and its migrations disagree: for continuous integration.

    Also where anything is pending, if a database is given by an option or the environment.
    """
    given = bool(data_dir or database_url) or any(
        name in os.environ for name in ("PICCOBASE_DATA_DIR", "PICCOBASE_DATABASE_URL")
    )
    options = {"data_dir": data_dir, "database_url": database_url}
    problems = asyncio.run(_check(app, options, database=given))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo("Code and migrations agree" + (", and nothing is pending." if given else "."))


async def _check(target: str, options: Mapping[str, Any], *, database: bool) -> list[str]:
    opened = await open_project(target, options)
    lines = [line for found in unwritten(opened.project, opened.histories).values() for line in found.lines()]
    problems = [*lines, "Write it down with: piccobase migrate new"] if lines else []
    for plugin, found in unwritten_of_plugins(opened.project, opened.histories).items():
        problems += [*found.lines(), f"Write it down with: piccobase migrate new --plugin {plugin}"]
    if not database:
        return problems
    if not has_database(opened.config):
        return [*problems, "There is no database there."]
    async with database_of(opened) as engine:
        waiting = [f"{migration.id} of {app.app_name} is pending." for app, migration in await _waiting(opened, engine)]
        followed = plan_setup(opened.project.following, await read_shape(engine))
        waiting += [*followed.problems, *(f"Missing: {statement}" for statement in followed.statements)]
        if waiting:
            return [*problems, *waiting, "Apply what is pending with: piccobase migrate"]
        return [*problems, *await differing(engine, opened.project)]
