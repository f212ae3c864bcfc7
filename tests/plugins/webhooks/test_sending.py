"""How a request gets to a receiver: what it carries, how long it takes at most, and what is made of the answer."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.receiving import CLOSE, HANG, Receiver, certificate_for, resolving

from piccobase.extending import StartError
from piccobase_webhooks.addresses import Allowed
from piccobase_webhooks.answers import Limits, NotAllowed, NotSent
from piccobase_webhooks.running import make_sender
from piccobase_webhooks.sending import Sender, resolve_host

LOCAL = Allowed.besides(["127.0.0.0/8"])


async def test_a_request_carries_what_it_was_given_and_the_answer_is_told() -> None:
    answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nthank"
    async with Receiver(answers=[answer]) as receiver:
        sender = Sender(lambda: Limits(allowed=LOCAL))
        told = await sender.post(receiver.url + "?a=1", [("X-One", "1")], b"{}")
        await sender.close()
    assert (told.status, told.excerpt) == (202, "thank")
    [received] = receiver.received
    assert received.line == "POST /hook?a=1 HTTP/1.1"
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "x-one": "1",
        "content-length": "2",
    }
    assert received.body == b"{}"


async def test_a_connection_is_kept_for_the_next_message() -> None:
    async with Receiver() as receiver:
        sender = Sender(lambda: Limits(allowed=LOCAL))
        for _ in range(3):
            await sender.post(receiver.url, [], b"{}")
        await sender.close()
    assert (len(receiver.received), receiver.connections) == (3, 1)


async def test_only_the_beginning_of_an_answer_is_read() -> None:
    endless = b"HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n"
    async with Receiver(answers=[endless]) as receiver:
        sender = Sender(lambda: Limits(allowed=LOCAL, excerpt=100))
        told = await sender.post(receiver.url, [], b"{}")
        await sender.close()
    assert (told.status, told.excerpt) == (500, "x" * 100)


@pytest.mark.parametrize(
    ("answer", "seconds", "why"),
    [
        (HANG, 0.2, "no answer within 0.2 seconds"),
        (CLOSE, 30, "connection failed"),
        (b"SSH-2.0-OpenSSH\r\n", 30, "connection failed"),
        (b"HTTP/1.1 200 X\r\n" + b"x: " + b"x" * 200_000, 30, "connection failed"),
    ],
    ids=["hangs", "closes", "is no HTTP server", "sends endless headers"],
)
async def test_a_receiver_that_does_not_answer_is_told_of(answer: str | bytes, seconds: float, why: str) -> None:
    async with Receiver(answers=[answer]) as receiver:
        sender = Sender(lambda: Limits(allowed=LOCAL, timeout=seconds))
        with pytest.raises(NotSent, match=why):
            await sender.post(receiver.url, [], b"{}")
        await sender.close()


async def test_a_receiver_that_is_not_there_is_told_of() -> None:
    async with Receiver() as receiver:
        pass
    sender = Sender(lambda: Limits(allowed=LOCAL))
    with pytest.raises(NotSent, match="connection failed"):
        await sender.post(receiver.url, [], b"{}")


async def test_the_time_limit_holds_for_a_resolver_that_hangs() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    sender = Sender(lambda: Limits(timeout=0.1), resolve=resolve)
    with pytest.raises(NotSent, match="within"):
        await sender.post("https://hooks.example/", [], b"{}")


async def test_a_host_with_several_addresses_is_reached_by_the_one_that_answers() -> None:
    async with Receiver(host="127.0.0.3") as receiver:
        resolve = resolving({"hooks.example": ["127.0.0.2", "127.0.0.3"]})
        sender = Sender(lambda: Limits(allowed=LOCAL), resolve=resolve)
        told = await sender.post(f"http://hooks.example:{receiver.port}/", [], b"{}")
        await sender.close()
    assert told.status == 204
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"


async def test_the_certificate_is_that_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    server, client = certificate_for("hooks.example", tmp_path)
    names = resolving({"hooks.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    async with Receiver(tls=server) as receiver:
        sender = Sender(lambda: Limits(allowed=LOCAL), resolve=names, tls=client)
        told = await sender.post(f"https://hooks.example:{receiver.port}/", [], b"{}")
        assert told.status == 204
        for url in (f"https://other.example:{receiver.port}/", receiver.url):
            with pytest.raises(NotSent, match="certificate cannot be trusted"):
                await sender.post(url, [], b"{}")
        distrusting = Sender(lambda: Limits(allowed=LOCAL), resolve=names)
        with pytest.raises(NotSent, match="certificate cannot be trusted"):
            await distrusting.post(f"https://hooks.example:{receiver.port}/", [], b"{}")
        await sender.close()
        await distrusting.close()
    assert len(receiver.received) == 1


async def test_http_is_for_networks_of_ones_own_unless_it_is_allowed() -> None:
    resolve = resolving({"hooks.example": ["93.184.215.14"]})
    with pytest.raises(NotAllowed, match="without encryption"):
        await Sender(lambda: Limits(), resolve=resolve).post("http://hooks.example/", [], b"{}")


async def test_settings_that_change_hold_for_the_next_request() -> None:
    limits = Limits(allowed=LOCAL)
    async with Receiver() as receiver:
        sender = Sender(lambda: limits)
        await sender.post(receiver.url, [], b"{}")
        limits = Limits()
        with pytest.raises(NotAllowed, match="no public address"):
            await sender.post(receiver.url, [], b"{}")
        await sender.close()
    assert len(receiver.received) == 1


async def test_the_systems_resolver_is_asked_for_names() -> None:
    assert set(await resolve_host("localhost", 80)) <= {"127.0.0.1", "::1"}


def test_without_the_extra_the_start_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore", None)
    monkeypatch.delitem(sys.modules, "piccobase_webhooks.sending")
    with pytest.raises(StartError, match=r"piccobase\[webhooks\]"):
        make_sender()
