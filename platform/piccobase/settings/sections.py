"""The settings of the protocol (§8.2), a section a class, with their defaults and what their values can be."""

import re
from typing import Annotated

from piccobase.base.errors import FieldError
from piccobase.settings import checks
from piccobase.settings.checks import REQUIRED, found
from piccobase.settings.section import Mistakes, SecretText, Section, says

MAX_RULES = 1000  # of rate limits
_LABEL = re.compile(r"\w+|(?:\*|\w+):\w+|(?:[A-Za-z]+ )?/[^\s:{}#?]*", re.ASCII)


class MetaSettings(Section, frozen=True):
    """What the app is called, and who sends its mail."""

    app_name: Annotated[str, says("App name", "In mails, and in the title of pages.")] = "Acme"
    app_url: Annotated[str, says("App URL", "Where people find the app. Links in mails begin with it.")] = (
        "http://localhost:8090"
    )
    sender_name: Annotated[str, says("Sender's name", "Who mails come from.")] = "Support"
    sender_address: Annotated[str, says("Sender's address", "The address that mails come from.")] = (
        "support@example.com"
    )
    accent_color: Annotated[
        str, says("Accent colour", "Six hexadecimal digits behind a #. Clients of the protocol may use it.")
    ] = "#1055c9"
    hide_controls: Annotated[
        bool, says("Hide controls", "Kept for clients of the protocol: asks them not to offer changes of collections.")
    ] = False

    def check(self) -> Mistakes:
        return found(
            appName=checks.required_text(self.app_name),
            appURL=checks.required_text(self.app_url) or checks.url(self.app_url),
            senderName=checks.required_text(self.sender_name),
            senderAddress=checks.required_text(self.sender_address) or checks.email(self.sender_address),
            accentColor=checks.colour(self.accent_color),
        )


class SMTPSettings(Section, frozen=True):
    """The server that mail is sent through. `tls` encrypts from the first byte, which is the rule on port 465."""

    enabled: Annotated[bool, says("Send by this server", "Off: mails are not sent, only shown in the console.")] = False
    host: Annotated[str, says("Host")] = "smtp.example.com"
    port: Annotated[int, says("Port", "587 as a rule, 465 with TLS from the first byte.")] = 587
    username: Annotated[str, says("User name")] = ""
    password: Annotated[SecretText, says("Password")] = ""
    auth_method: Annotated[
        str, says("Sign-in method", "What the server offers, unless one is named.", ("", "PLAIN", "LOGIN"))
    ] = ""
    tls: Annotated[
        bool,
        says(
            "TLS from the first byte",
            "As on port 465. Else the connection is encrypted by STARTTLS where the server offers it.",
        ),
    ] = False
    local_name: Annotated[str, says("Own name", "What this server calls itself in EHLO; empty: localhost.")] = ""

    def check(self) -> Mistakes:
        return found(
            host=(REQUIRED if self.enabled and not self.host else None) or checks.host(self.host),
            port=(REQUIRED if self.enabled and not self.port else None)
            or checks.at_least(self.port, 0)
            or checks.at_most(self.port, 65535),
            authMethod=checks.one_of(self.auth_method, "", "PLAIN", "LOGIN"),
            localName=checks.host(self.local_name),
        )


class S3Settings(Section, frozen=True):
    """A bucket of an S3-compatible service."""

    enabled: Annotated[bool, says("Use this bucket")] = False
    bucket: Annotated[str, says("Bucket")] = ""
    region: Annotated[str, says("Region")] = ""
    endpoint: Annotated[str, says("Endpoint", "Such as s3.eu-central-1.amazonaws.com.")] = ""
    access_key: Annotated[str, says("Access key")] = ""
    secret: Annotated[SecretText, says("Secret")] = ""
    force_path_style: Annotated[
        bool, says("Bucket in the path", "Instead of in the host's name, as MinIO wants it.")
    ] = False

    def check(self) -> Mistakes:
        missing = REQUIRED if self.enabled else None
        return found(
            bucket=None if self.bucket else missing,
            region=None if self.region else missing,
            endpoint=checks.url(self.endpoint) if self.endpoint else missing,
            accessKey=None if self.access_key else missing,
            secret=None if self.secret else missing,
        )


class BackupSettings(Section, frozen=True):
    """When backups are made by themselves, how many of those are kept, and where."""

    cron: Annotated[
        str, says("When", "A cron expression, or a macro such as @daily, in UTC. Empty: no backups by themselves.")
    ] = ""
    cron_max_keep: Annotated[int, says("Keep", "How many of those made by themselves are kept.")] = 3
    s3: Annotated[S3Settings, says("Bucket")] = S3Settings()

    def check(self) -> Mistakes:
        return found(
            cron=checks.cron(self.cron),
            cronMaxKeep=checks.at_least(self.cron_max_keep, 1) if self.cron else None,
        )


class RateLimitRule(Section, frozen=True):
    """At most `max_requests` in `duration` seconds for those whom `audience` means."""

    label: Annotated[
        str, says("Label", "A path, one behind a method, or an action such as *:auth or posts:create.")
    ] = ""
    audience: Annotated[
        str, says("Audience", "Everybody, only guests, or only those who have signed in.", ("", "@guest", "@auth"))
    ] = ""
    duration: Annotated[int, says("Seconds", "How long a window lasts.")] = 0
    max_requests: Annotated[int, says("Requests", "Of one address in a window.")] = 0

    def check(self) -> Mistakes:
        label = REQUIRED if not self.label else None
        if not label and not (len(self.label) <= checks.MAX_TEXT and _LABEL.fullmatch(self.label)):
            label = FieldError("validation_match_invalid", "Must be in a valid format.")
        return found(
            label=label,
            audience=checks.one_of(self.audience, "", "@guest", "@auth"),
            duration=checks.at_least(self.duration, 1),
            maxRequests=checks.at_least(self.max_requests, 1),
        )


class RateLimitSettings(Section, frozen=True):
    """How many requests one address may make."""

    enabled: Annotated[bool, says("Limit requests")] = False
    rules: Annotated[tuple[RateLimitRule, ...], says("Rules")] = (
        RateLimitRule(label="*:auth", duration=3, max_requests=2),
        RateLimitRule(label="*:create", duration=5, max_requests=20),
        RateLimitRule(label="/api/batch", duration=1, max_requests=3),
        RateLimitRule(label="/api/", duration=10, max_requests=300),
    )
    excluded_ips: Annotated[tuple[str, ...], says("Addresses without limits", "IP addresses and subnets.")] = ()

    def check(self) -> Mistakes:
        if self.enabled and not self.rules:
            return found(rules=REQUIRED, excludedIPs=checks.addresses(self.excluded_ips))
        if len(self.rules) > MAX_RULES:
            return {"rules": FieldError("validation_length_too_long", f"There can be at most {MAX_RULES} rules.")}
        return found(rules=self._conflicts(), excludedIPs=checks.addresses(self.excluded_ips))

    def _conflicts(self) -> Mistakes:
        """Rules that could never apply, since an earlier one has their label and means the same people."""
        conflicts: Mistakes = {}
        audiences: dict[str, set[str]] = {}
        for place, rule in enumerate(self.rules):
            taken = audiences.setdefault(rule.label, set())
            if rule.label and taken and (not rule.audience or taken & {"", rule.audience}):
                message = (
                    f"Rate limit rule configuration with label {rule.label} already exists or conflicts with another "
                    "rule."
                )
                error = FieldError("validation_conflicting_rate_limit_rule", message, {"label": rule.label})
                conflicts[str(place)] = {"label": error}
            taken.add(rule.audience)
        return conflicts


class TrustedProxySettings(Section, frozen=True):
    """The headers that tell a client's address, where a proxy in front sets them and lets nobody else do so."""

    headers: Annotated[
        tuple[str, ...],
        says(
            "Headers",
            "The first that is there counts, such as X-Real-IP. Name only what your proxy sets.",
        ),
    ] = ()
    use_leftmost_ip: Annotated[
        bool,
        says(
            "Believe the first address in it",
            "Instead of the last, which the proxy itself has added. Safe only where the proxy drops what clients send.",
        ),
    ] = False


class BatchSettings(Section, frozen=True):
    """The limits of `/api/batch`; `timeout` in seconds, `max_body_size` in bytes, 0 for the default of 128 MiB."""

    enabled: Annotated[bool, says("Allow batches")] = False
    max_requests: Annotated[int, says("Most requests", "In one batch.")] = 50
    timeout: Annotated[int, says("Time limit", "Seconds.")] = 3
    max_body_size: Annotated[int, says("Largest body", "Bytes; 0: 128 MiB.")] = 0

    def check(self) -> Mistakes:
        least = 1 if self.enabled else 0
        return found(
            maxRequests=checks.at_least(self.max_requests, least),
            timeout=checks.at_least(self.timeout, least),
            maxBodySize=checks.at_least(self.max_body_size, 0),
        )


class LogSettings(Section, frozen=True):
    """What is kept of requests, and for how long."""

    max_days: Annotated[int, says("Days", "How long entries are kept; 0: none is kept.")] = 5
    max_data_size: Annotated[int, says("Largest entry", "Bytes of the data of one entry; 0: the default.")] = 0
    min_level: Annotated[
        int, says("Lowest level", "-4 debug, 0 info, 4 warning, 8 error. What is below is not kept.")
    ] = 0
    log_ip: Annotated[bool, says("Keep addresses", "Of clients.")] = True
    log_auth_id: Annotated[bool, says("Keep ids", "Of those who have signed in.")] = False

    def check(self) -> Mistakes:
        return found(maxDays=checks.at_least(self.max_days, 0), maxDataSize=checks.at_least(self.max_data_size, 0))


class Settings(Section, frozen=True):
    """The object that `GET /api/settings` answers."""

    meta: MetaSettings = MetaSettings()
    smtp: SMTPSettings = SMTPSettings()
    s3: S3Settings = S3Settings()
    backups: BackupSettings = BackupSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    trusted_proxy: Annotated[TrustedProxySettings, says("Proxy in front")] = TrustedProxySettings()
    batch: BatchSettings = BatchSettings()
    logs: LogSettings = LogSettings()
    superuser_ips: Annotated[
        tuple[str, ...], says("Superusers come from", "IP addresses and subnets. Empty: from anywhere.")
    ] = ()

    def check(self) -> Mistakes:
        return found(superuserIPs=checks.addresses(self.superuser_ips))
