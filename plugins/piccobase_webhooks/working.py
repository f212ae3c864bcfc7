"""What goes on while a server runs: the reader of the change log, the jobs that send, the schedule that tidies up."""

from piccobase import Proceed, StartingApp, StoppingApp, current_job
from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.deliveries import JOB
from piccobase_webhooks.running import forget, make_sender, put_together, running

ATTEMPTS = 32  # with BACKOFF the last is made about a day after the first
BACKOFF = 5.0  # seconds before the second attempt; doubled from there on, up to an hour
TIMEOUT = 300.0  # seconds of a job, most of which it may wait for its turn
PRIORITY = -10  # after what has no priority of its own: nobody waits for a webhook in front of a screen


@plugin.hook(StartingApp)
async def start(event: StartingApp, proceed: Proceed) -> None:
    webhooks = put_together(event.services, make_sender())
    await proceed()
    if event.services.config.run_jobs:
        event.services.run_in_background(webhooks.reader.follow())


@plugin.hook(StoppingApp)
async def stop(event: StoppingApp, proceed: Proceed) -> None:
    await proceed()
    webhooks = running()
    await webhooks.deliveries.sender.close()
    forget(webhooks)


@plugin.job(JOB, attempts=ATTEMPTS, backoff=BACKOFF, timeout=TIMEOUT, priority=PRIORITY)
async def deliver(delivery: str) -> None:
    job = current_job()
    await running().deliveries.deliver(delivery, is_last=job is not None and job.attempt >= job.attempts)


@plugin.schedule("23 4 * * *", id="webhooks.cleanUp")
async def clean_up() -> None:
    await running().deliveries.clean_up()
