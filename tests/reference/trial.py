"""A trial: the world of a seed, served on one database, filled, and asked many filters."""

from pathlib import Path

from tests.reference.agreement import Tally, compare, expected, new_world, questions, settle
from tests.reference.serving import served


async def trial(seed: int, filters: int, database_url: str | None, data_dir: Path) -> Tally:
    """`database_url` None is the embedded database, in `data_dir`."""
    dice, world, drafts = new_world(seed)
    tally = Tally()
    async with served(world, database_url, data_dir) as server:
        superusers = (await server.root.ask("GET", server.root.records("_superusers"))).json()["items"]
        registry = server.api.services.registry
        ids = {name: registry.collections[name].id for name in world.collections}
        settle(world, await server.fill(drafts), ids, superusers[0])
        await compare(world, questions(dice, world, filters), server.ask, expected, tally)
    tally.disagreements = [f"seed {seed}: {each}" for each in tally.disagreements]
    return tally
