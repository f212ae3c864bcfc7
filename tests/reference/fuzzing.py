"""Texts that nobody would send on purpose: bytes, words in any order, spoilt filters, hostile names."""

from collections.abc import Callable
from random import Random

from tests.reference.making import FilterMaking
from tests.reference.world import World

MARK = "zqxmark"  # stands in every text literal, and so must never be seen in a statement
WORDS = [
    "id", "created", "text1", "num1", "js1.a", "one1.id", "many1.id", "tags1:each", "cats_via_one1.id", "@now",
    "@request.auth.id", "@collection.cats.id", "@collection.cats:x.id", "@request.body.x:isset", "null", "true",
    f"'{MARK}'", f'"{MARK}"', "5", "-5.5", "=", "!=", "?=", ">", "?<=", "~", "!~", "?!~", "&&", "||", "(", ")", ",",
    ".", ":", "'", '"', "\\", "%", "_", "//", "\n", "\t", " ", "strftime(", "geoDistance(", f"'%Y {MARK}'", ":lower",
    ":length", ":each", ":isset", ":changed", "-", "+", "\r", "\0", "é", "😀",
]  # fmt: skip
HOSTILE = [
    MARK, f'"{MARK}', f"'{MARK}", '"', "''", "'; DROP TABLE cats; --", '" OR 1=1 --', "/*", "*/", "--", ";", "$1",
    "$$", "?1", ":x", "%s", "{}", "{0}", "\\'", "\x00", "\x7f", "\u202e", "\ud800", "ﬀ", "İ", "ı", "K", "' || '",
    "')) UNION SELECT 1 --", "[0]", "$.a", "$[*]", '"]', "a" * 300, "0" * 40, "9" * 400, "rowid", "oid", "ctid",
    "xmin", "sqlite_master", "pg_catalog", "password", "tokenKey", "_superusers", "__class__", "collectionId",
    "expand", "true.x", "null.y", "::text", "->>", "#>>'{a}'", "COLLATE NOCASE", "IS NULL", "IN (1)", "@@", "##",
]  # fmt: skip
# Filters with a place for a hostile text.
FRAMES = [
    "{} = 1", "text1 = {}", "js1.{} = 1", "js1.a.{}.b ~ '5'", "one1.{} = ''", "{}_via_one1.id = ''",
    "cats_via_{}.id = ''", "@collection.{}.id = ''", "@collection.cats:{}.id ?= id", "@request.{}.x = 1",
    "@request.body.{}.a = 1", "@{} = 1", "@request.query.{} = ''", "@request.headers.{}:isset = true",
    "@request.auth.{} = ''", "id:{} = 1", "text1 ~ '{}'", "id = '{}'", 'id ?= "{}"', "strftime('{}', created) = ''",
    "strftime('%Y', '{}') = ''", "strftime('%Y', created, '{}') = ''", "strftime('%Y', {}) = ''",
    "geoDistance({}, 1, 2, 3) > 1", "num1 > {}", "created > '{}'", "{}(id) = 1", "id {} 'x'",
]  # fmt: skip


class Fuzz:
    """Makes texts; two of one seed make the same. Every text literal holds `MARK`."""

    def __init__(self, dice: Random, world: World) -> None:
        self.dice, self.world = dice, world
        self.kinds: list[Callable[[str], str]] = [
            self.octets, self.words, self.spoilt, self.spoilt, self.hostile, self.hostile, self.deep,
        ]  # fmt: skip

    def text(self, collection: str) -> str:
        return self.dice.choice(self.kinds)(collection)

    def octets(self, collection: str) -> str:
        """Any bytes; what is no UTF-8 stays what it is, as lone surrogates."""
        return self.dice.randbytes(self.dice.randrange(60)).decode(errors="surrogateescape")

    def words(self, collection: str) -> str:
        return self.dice.choice(["", " "]).join(self.dice.choice(WORDS) for _ in range(self.dice.randrange(14)))

    def good(self, collection: str) -> str:
        of = self.world.collections[collection]
        text = FilterMaking(self.dice, self.world, of, superuser=self.dice.random() < 0.5).filter()
        return text.replace("'", f"'{MARK}", 1) if self.dice.random() < 0.5 else text

    def spoilt(self, collection: str) -> str:
        """A filter that was good before a few pieces were put in, left out or doubled."""
        dice, text = self.dice, self.good(collection)
        for _ in range(dice.randint(1, 3)):
            at, length = dice.randrange(len(text) + 1), dice.choice([0, 0, 1, 2, 9])
            piece = dice.choice([*WORDS, *HOSTILE, "", "", text[at : at + 9]])
            text = text[:at] + piece + text[at + length :]
        return text

    def hostile(self, collection: str) -> str:
        """A filter that would be good but for a name, an alias, a step of a path, a modifier or a format."""
        dice, bad = self.dice, self.dice.choice(HOSTILE)
        if dice.random() < 0.5:
            bad += dice.choice([MARK, dice.choice(HOSTILE)])
        return dice.choice(FRAMES).replace("{}", bad)

    def deep(self, collection: str) -> str:
        """As long, as wide or as deep as filters are just allowed to be, or a little more."""
        dice = self.dice
        size = dice.choice([2, 7, 50, 199, 200, 201, 400])
        return dice.choice(
            [
                "(" * size + "id=1" + ")" * dice.choice([size, size, size - 1]),
                dice.choice(["&&", "||"]).join(["id=1"] * size),
                ".".join(["one1"] * size) + ".id = 1",
                ".".join(["many1"] * (size % 9)) + ".id = 1",
                "js1." + ".".join(["a"] * size) + " = 1",
                "strftime(" * (size % 6) + ")" * (size % 6) + " = 1",
                f"id = '{'x' * (size * 17)}'",
                "strftime('" + "%Y" * size + "', created) = ''",
                f"id ~ '{'%_' * size}'",
                " && ".join(f"many1.text1 ?= '{number}'" for number in range(size % 40)),
                f"num1 = {'9' * size}.{'9' * size}",
            ]
        )
