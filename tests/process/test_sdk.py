"""PocketBase's own JavaScript client, unchanged, against the real command."""

from pathlib import Path

from tests.process.sdk.running import taken_steps
from tests.process.serving import running_piccobase

BLOG = Path(__file__).parent / "apps" / "blog.py"


def test_the_official_javascript_client_works_unchanged(database_url: str | None, tmp_path: Path) -> None:
    """Sign-up, sign-in, records, filters, refusals, superusers and roles, in the order of `sdk/steps.mjs`."""
    with running_piccobase(BLOG, tmp_path, database_url) as server:
        steps = taken_steps(server, with_roles=True)
    assert [f"{step.step}: {step.problem}" for step in steps if step.problem] == []
    assert steps
