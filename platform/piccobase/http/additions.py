"""What a client may ask of a write beside the protocol: `If-Match`, `Idempotency-Key`, `Dry-Run`."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from piccobase.base.errors import BadRequest
from piccobase.http.incoming import Incoming
from piccobase.http.repeating import Keep, Repetitions
from piccobase.records.versions import Expected
from piccobase.schema.actor import Actor

Result = TypeVar("Result")

IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, DRY_RUN = b"if-match", b"if-none-match", b"idempotency-key", b"dry-run"
VARIANT = "/"  # what follows in a tag is of one form of the record, as somebody sees it; no id has one
# So that pages of other origins may read them, too.
EXPOSED = (b"access-control-expose-headers", b"Dry-Run, ETag, Idempotency-Replayed")
DRY_RUN_ANSWERED = ((b"dry-run", b"true"), EXPOSED)
REPEATED_ANSWERED = ((b"idempotency-replayed", b"true"), EXPOSED)
_TAG = re.compile(r'(W/)?"([^"]*)"')
_TAGS = re.compile(rf"\s*{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*\s*")
_KEY = re.compile(rb"[\x21-\x7e]{1,255}")


def expected(additions: Mapping[bytes, bytes]) -> Expected | None:
    """What an `If-Match` demands: tags with commas between them, or `*`; None without one. A weak tag fits nothing.

    Raises BadRequest.
    """
    sent = additions.get(IF_MATCH)
    return None if sent is None else expected_by(sent.decode("latin-1"))


def expected_by(text: str) -> Expected:
    """The same of the header's text."""
    if text.strip() == "*":
        return Expected(None)
    if not _TAGS.fullmatch(text):
        raise BadRequest('If-Match takes ETags in quotes, such as "<id>.<updated>", with commas between them, or *.')
    return Expected(frozenset(version(tag) for weak, tag in _TAG.findall(text) if not weak))


def version(tag: str) -> str:
    """The version in a tag, whether it was made out of a record's `id` and `updated` or was an answer's."""
    return tag.partition(VARIANT)[0].replace(" ", "T")


def is_dry_run(additions: Mapping[bytes, bytes]) -> bool:
    """Whether nothing is to be kept. Raises BadRequest for anything but true and false: a typo must not write."""
    sent = additions.get(DRY_RUN)
    if sent not in (None, b"true", b"false"):
        raise BadRequest("The header Dry-Run must be true or false.")
    return sent == b"true"


def idempotency_key(additions: Mapping[bytes, bytes]) -> bytes:
    """The key, empty where there is none. Raises BadRequest."""
    sent = additions.get(IDEMPOTENCY_KEY)
    if sent is None:
        return b""
    if not _KEY.fullmatch(sent):
        raise BadRequest("An Idempotency-Key has 1 to 255 visible characters, without spaces. A random UUID does well.")
    return sent


def etag(version: str, answer: bytes) -> str:
    """The tag, in quotes, of a record as it was just answered: who sees other fields of it gets another one."""
    return f'"{version}{VARIANT}{hashlib.blake2b(answer, digest_size=8).hexdigest()}"'


def matches_any(text: str, tag: str) -> bool:
    """Whether an `If-None-Match` has this tag (in quotes), or is `*`; weak ones count as well."""
    return text.strip() == "*" or any(f'"{sent}"' == tag for _, sent in _TAG.findall(text))


Run = Callable[[bool, "AtEnd | None"], Awaitable[Result]]
"""Runs the writes of a request: `keep`, and what is done in the transaction at its end (`run_together`)."""
AtEnd = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Additions:
    """Answers requests that write, with what they ask for beside the protocol."""

    repetitions: Repetitions

    async def answer(
        self,
        incoming: Incoming,
        actor: Actor,
        path: str,
        body: Mapping[str, Any],
        run: Run[Result],
        encode: Callable[[Result], bytes | None],
        *,
        slow: bool = False,
    ) -> bytes | None:
        """The body of the answer, None where it has none.

        `encode` waits for nothing: with a key it is called while the write lock is held, else, if it is `slow`, in a
        thread. Raises what `run` raises, BadRequest, KeyReused, StillRunning.
        """
        key, dry_run = idempotency_key(incoming.additions), is_dry_run(incoming.additions)
        if dry_run or not key:
            result = await run(not dry_run, None)
            if dry_run:
                incoming.answering = DRY_RUN_ANSWERED
            return await asyncio.to_thread(encode, result) if slow else encode(result)

        async def work(keep: Keep) -> bytes | None:
            answers: list[bytes | None] = []

            async def at_end(result: Result) -> None:
                answers[:] = [encode(result)]
                await keep(answers[0])

            await run(True, at_end)
            return answers[0]

        asked = (path, incoming.method, incoming.query.decode("latin-1"))
        answer, repeated = await self.repetitions.once(key, actor, asked, body, work)
        if repeated:
            incoming.answering = REPEATED_ANSWERED
        return answer
