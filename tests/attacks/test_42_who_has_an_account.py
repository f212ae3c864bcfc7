"""42: neither the answer nor the work done tells whether an account exists."""

from typing import Any

import pytest
from tests.signing_in import Driver, SigningIn, User

from piccobase.base.errors import RequestError

PASSWORD = "correct horse"


class Watched:
    """What a failed sign-in has cost: queries and passwords checked."""

    def __init__(self, house: SigningIn, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.queries = 0
        rows = house.db.rows

        async def counting(sql: str, args: Any = ()) -> Any:
            self.queries += 1
            return await rows(sql, args)

        monkeypatch.setattr(house.db, "rows", counting)

    async def refusal(self, collection: str, identity: str, password: str) -> tuple[dict[str, Any], int, int]:
        before = self.queries, self.house.hasher.checked
        with pytest.raises(RequestError) as error:
            await self.house.password.sign_in(
                self.house.collection(collection), {"identity": identity, "password": password}
            )
        return error.value.wire(), self.queries - before[0], self.house.hasher.checked - before[1]


async def test_a_wrong_password_and_an_unknown_identity_cost_and_say_the_same(
    house: SigningIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.add(User, "ada@example.com", PASSWORD, username="ada", verified=True)
    await house.add(User, "new@example.com", PASSWORD, username="new")  # does not satisfy the auth rule
    await house.add(User, "never@example.com")  # has no password at all
    await house.add(Driver, "bob@example.com", PASSWORD)
    watched = Watched(house, monkeypatch)
    identities = ["ada@example.com", "ada", "new@example.com", "new", "never@example.com"]
    identities += ["nobody@example.com", "nobody", "bob@example.com", "ada@example.com\0", "@", "x" * 255]
    refusals = [await watched.refusal("users", identity, "wrong password") for identity in identities]
    assert refusals == [({"data": {}, "message": "Failed to authenticate.", "status": 400}, 1, 1)] * len(identities)
