"""Puts the room of mail together: templates and server from the settings, and jobs that send what was written."""

import sys
from collections.abc import Iterator, Mapping

import msgspec

from piccobase.app.mail_settings import account_mistakes, edited_templates, find_edited, own_mistakes
from piccobase.base.config import Config
from piccobase.base.errors import Problem
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.identity.secrets import SecretStore
from piccobase.jobs.adding import Jobs
from piccobase.jobs.errors import GiveUp
from piccobase.mail.console import ConsoleMailer, NoMailer
from piccobase.mail.errors import MailRefused
from piccobase.mail.mailer import Mailer
from piccobase.mail.message import Message, Sender
from piccobase.mail.sending import Mail
from piccobase.mail.smtp import SMTPMailer
from piccobase.schema.mail_template import MAIL_KINDS, MailTemplate
from piccobase.schema.naming import nearest
from piccobase.schema.registry import Registry
from piccobase.settings.service import SettingsService

JOB = "__pbSendMail__"
PRIORITY = 100  # somebody waits for it
TIMEOUT = 60.0  # seconds
_SEALED = "jobs.mail"


def compose_mail(
    config: Config,
    settings: SettingsService,
    registry: Registry,
    secrets: SecretStore,
    jobs: Jobs,
    own: Mapping[str, MailTemplate],
    hooks: Onions = NO_HOOKS,
) -> Mail:
    """Mail of a running server. Registers its job and its section of the settings."""
    edited = edited_templates(settings, registry, own)
    shows = config.log_format == "text" or (config.log_format == "auto" and sys.stderr.isatty())

    def mailer() -> Mailer:
        smtp = settings.current.smtp
        if not smtp.enabled:
            return ConsoleMailer(sys.stderr) if shows else NoMailer()
        return SMTPMailer(
            host=smtp.host,
            port=smtp.port,
            username=smtp.username,
            password=smtp.password,
            method=smtp.auth_method,
            tls=smtp.tls,
            local_name=smtp.local_name,
        )

    def sender() -> Sender:
        meta = settings.current.meta
        return Sender(meta.sender_name, meta.sender_address, meta.app_name, meta.app_url.rstrip("/"))

    async def keep(about: str, message: Message, worthless_after: float | None) -> str:
        # Sealed: mails carry tokens and codes, and jobs are shown, kept when they are done, and part of backups.
        sealed = secrets.sealed(_SEALED, msgspec.json.encode(message).decode())
        arguments = {"about": about, "to": message.recipients, "sealed": sealed, "worthless_after": worthless_after}
        return await jobs.add(JOB, arguments)

    mail = Mail(
        keep,
        mailer=mailer,
        sender=sender,
        edited=lambda *which: find_edited(edited.value, *which),
        own=own,
        hooks=hooks,
    )

    @jobs.registry.job(JOB, priority=PRIORITY, timeout=TIMEOUT)
    async def send_mail(about: str, to: list[str], sealed: str, worthless_after: float | None) -> None:
        written = secrets.unsealed(_SEALED, sealed)
        if written is None:
            raise GiveUp("The mail was written under another key (secret.key), so it cannot be read.")
        try:
            await mail.deliver(msgspec.json.decode(written, type=Message), worthless_after)
        except MailRefused as error:
            raise GiveUp(error.message) from None

    return mail


def check_own_mails(whose: str, own: Mapping[str, MailTemplate]) -> Iterator[Problem]:
    """The mistakes in templates of mails of an app's or a plugin's own."""
    for name, template in own.items():
        for part, mistake in own_mistakes(template).items():
            yield Problem("mail.E001", f'{whose}, mails["{name}"], {part}', mistake.message)


def check_mails(registry: Registry) -> Iterator[Problem]:
    """The mistakes in declared templates of mails about accounts."""
    for collection in registry.collections.values():
        for kind, template in collection.auth.mails.items() if collection.auth else ():
            place = f'{collection.name}, AuthOptions, mails["{kind}"]'
            if kind not in MAIL_KINDS:
                yield Problem("mail.E002", place, f"there is no such mail.{nearest(kind, MAIL_KINDS)}")
                continue
            for part, mistake in account_mistakes(kind, template, collection).items():
                yield Problem("mail.E003", f"{place}, {part}", mistake.message)
