"""All cases. Every record a case writes is its own, so that cases may be asked in any order, each once."""

from tests.process.conformance.auth import AUTH
from tests.process.conformance.bodies import BODIES
from tests.process.conformance.expands import EXPANDS
from tests.process.conformance.lists import LISTS
from tests.process.conformance.routing import ROUTING
from tests.process.conformance.values import VALUES

CASES = ROUTING + BODIES + VALUES + LISTS + EXPANDS + AUTH
