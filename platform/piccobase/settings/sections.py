"""The settings of the protocol (§8.2), a section a class, with their defaults and what their values can be."""

import re

from piccobase.base.errors import FieldError
from piccobase.settings import checks
from piccobase.settings.checks import REQUIRED, found
from piccobase.settings.section import Mistakes, SecretText, Section

MAX_RULES = 1000  # of rate limits
_LABEL = re.compile(r"\w+|(?:\*|\w+):\w+|(?:[A-Za-z]+ )?/[^\s:{}#?]*", re.ASCII)


class MetaSettings(Section, frozen=True):
    """What the app is called, and who sends its mail."""

    app_name: str = "Acme"
    app_url: str = "http://localhost:8090"
    sender_name: str = "Support"
    sender_address: str = "support@example.com"
    accent_color: str = "#1055c9"
    hide_controls: bool = False

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

    enabled: bool = False
    host: str = "smtp.example.com"
    port: int = 587
    username: str = ""
    password: SecretText = ""
    auth_method: str = ""
    tls: bool = False
    local_name: str = ""

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

    enabled: bool = False
    bucket: str = ""
    region: str = ""
    endpoint: str = ""
    access_key: str = ""
    secret: SecretText = ""
    force_path_style: bool = False

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

    cron: str = ""
    cron_max_keep: int = 3
    s3: S3Settings = S3Settings()

    def check(self) -> Mistakes:
        return found(
            cron=checks.cron(self.cron),
            cronMaxKeep=checks.at_least(self.cron_max_keep, 1) if self.cron else None,
        )


class RateLimitRule(Section, frozen=True):
    """At most `max_requests` in `duration` seconds for those whom `audience` means."""

    label: str = ""
    audience: str = ""
    duration: int = 0
    max_requests: int = 0

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

    enabled: bool = False
    rules: tuple[RateLimitRule, ...] = (
        RateLimitRule(label="*:auth", duration=3, max_requests=2),
        RateLimitRule(label="*:create", duration=5, max_requests=20),
        RateLimitRule(label="/api/batch", duration=1, max_requests=3),
        RateLimitRule(label="/api/", duration=10, max_requests=300),
    )
    excluded_ips: tuple[str, ...] = ()

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

    headers: tuple[str, ...] = ()
    use_leftmost_ip: bool = False


class BatchSettings(Section, frozen=True):
    """The limits of `/api/batch`; `timeout` in seconds, `max_body_size` in bytes, 0 for the default of 128 MiB."""

    enabled: bool = False
    max_requests: int = 50
    timeout: int = 3
    max_body_size: int = 0

    def check(self) -> Mistakes:
        least = 1 if self.enabled else 0
        return found(
            maxRequests=checks.at_least(self.max_requests, least),
            timeout=checks.at_least(self.timeout, least),
            maxBodySize=checks.at_least(self.max_body_size, 0),
        )


class LogSettings(Section, frozen=True):
    """What is kept of requests: for how many days, up to how many bytes (0: no limit), and from which level on."""

    max_days: int = 5
    max_data_size: int = 0
    min_level: int = 0
    log_ip: bool = True
    log_auth_id: bool = False

    def check(self) -> Mistakes:
        return found(maxDays=checks.at_least(self.max_days, 0), maxDataSize=checks.at_least(self.max_data_size, 0))


class Settings(Section, frozen=True):
    """The object that `GET /api/settings` answers."""

    meta: MetaSettings = MetaSettings()
    smtp: SMTPSettings = SMTPSettings()
    s3: S3Settings = S3Settings()
    backups: BackupSettings = BackupSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    trusted_proxy: TrustedProxySettings = TrustedProxySettings()
    batch: BatchSettings = BatchSettings()
    logs: LogSettings = LogSettings()
    superuser_ips: tuple[str, ...] = ()

    def check(self) -> Mistakes:
        return found(superuserIPs=checks.addresses(self.superuser_ips))
