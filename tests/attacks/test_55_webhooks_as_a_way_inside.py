"""55: a webhook's URL is somebody else's: it must not lead to what only this server can reach."""

import pytest
from tests.receiving import Receiver, redirect_to, resolving

from piccobase_webhooks.addresses import Allowed
from piccobase_webhooks.answers import Limits, NotAllowed
from piccobase_webhooks.sending import Sender

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # metadata, Alibaba
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # metadata, Azure
    "169.254.169.254",  # metadata, most
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata, Oracle
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata, Amazon
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.215.14",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_address_that_is_not_public_is_not_asked(address: str) -> None:
    assert address not in Allowed()
    sender = Sender(lambda: Limits(plain_http=True), resolve=resolving({"hooks.example": [address]}))
    for scheme in ("http", "https"):
        with pytest.raises(NotAllowed, match="no public address"):
            await sender.post(f"{scheme}://hooks.example/", [], b"{}")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_asked(address: str) -> None:
    assert address in Allowed()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:7f00:1]", "localhost"],
)
async def test_no_way_of_writing_this_machine_leads_to_it(host: str) -> None:
    """With the system's own resolver: it is the addresses that are looked at, and not how they were written."""
    async with Receiver() as receiver:
        sender = Sender(lambda: Limits(plain_http=True))
        with pytest.raises(NotAllowed):
            await sender.post(f"http://{host}:{receiver.port}/", [], b"{}")
    assert receiver.connections == 0


async def test_one_private_address_among_public_ones_is_enough_to_refuse_a_host() -> None:
    resolve = resolving({"hooks.example": ["93.184.215.14", "127.0.0.1"]})
    with pytest.raises(NotAllowed):
        await Sender(lambda: Limits(), resolve=resolve).post("https://hooks.example/", [], b"{}")


async def test_a_redirect_is_not_followed() -> None:
    async with Receiver(host="127.0.0.2") as inside, Receiver() as receiver:
        receiver.answers = [redirect_to(inside.url)]
        sender = Sender(lambda: Limits(allowed=Allowed.besides(["127.0.0.1"])))
        told = await sender.post(receiver.url, [], b"{}")
        await sender.close()
    assert (told.status, told.location) == (302, inside.url)
    assert inside.connections == 0


async def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to() -> None:
    """A name that means something else when it is asked for the second time: it is not asked a second time."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    async with Receiver(host="127.0.0.2") as outside, Receiver(port=outside.port) as inside:
        sender = Sender(lambda: Limits(allowed=Allowed.besides(["127.0.0.2"])), resolve=rebinding)
        url = f"http://hooks.example:{outside.port}/"
        assert (await sender.post(url, [], b"{}")).status == 204
        await sender.close()  # or the connection would be used again
        with pytest.raises(NotAllowed):
            await sender.post(url, [], b"{}")
    assert (len(outside.received), inside.connections) == (1, 0)


async def test_an_allowed_network_is_no_more_than_that() -> None:
    allowed = Allowed.besides(["10.1.0.0/16", "fd00:1::/32"])
    assert "10.1.2.3" in allowed
    assert "::ffff:10.1.2.3" in allowed
    assert "fd00:1::5" in allowed
    assert "10.2.0.1" not in allowed
    assert "fd00:2::5" not in allowed
    assert "127.0.0.1" not in allowed
