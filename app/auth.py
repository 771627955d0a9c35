"""Who asks, and what they may: API keys with scopes.

A key is `hamlet_<id>_<secret>`: the id is readable and names it in the log, the secret is 256
random bits of which only a keyed hash is kept. Nobody can try through 2^256 secrets, so the slow
hash that protects a password would protect nothing here and cost every request.
"""

import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from app.database import DATABASE_ERRORS, Database
from app.errors import Forbidden, LogUnavailable, Unauthorized
from app.queries import keys
from app.queries.keys import Key
from app.secret import keyed_hash
from app.settings import Settings

SCOPES = ("classify", "feedback", "history", "admin")
ALL_SCOPES = frozenset(SCOPES)
KEY_HEADER = "X-Api-Key"

_FORM = re.compile(r"hamlet_([0-9a-f]{8})_([0-9a-f]{64})")
# A revoked key works no longer than this, in every process.
_REMEMBERED = 5.0  # seconds
_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key, or nobody in particular where none is needed."""

    key_id: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def make_key(name: str, scopes: Iterable[str], secret: bytes) -> tuple[Key, str]:
    """A new key's row, and the key itself, which is nowhere else. `secret` is app.secret's."""
    key_id, random = secrets.token_hex(4), secrets.token_hex(32)
    ordered = " ".join(scope for scope in SCOPES if scope in set(scopes))
    row = Key(key_id, name, ordered, _hash(random, secret), datetime.now(UTC), None)
    return row, f"hamlet_{key_id}_{random}"


def needs_key(settings: Settings) -> bool:
    """Whether a caller has to show a key: asked for, or not only this machine calls."""
    if settings.require_key == "auto":
        return bool(settings.trusted_proxies) or not _is_loopback(settings.host)
    return settings.require_key == "always"


class Guard:
    """Knows callers by their keys. Remembers what the database said for some seconds."""

    def __init__(self, database: Database, secret: bytes, required: bool) -> None:
        self._database = database
        self._secret = secret
        self._required = required
        self._remembered: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()

    async def caller(self, shown: str | None) -> Caller:
        """The caller who shows this key, or None. Raises Unauthorized, LogUnavailable."""
        if shown is None:
            if self._required:
                raise Unauthorized("A key is needed: send Authorization: Bearer KEY.")
            return Caller(None, ALL_SCOPES)
        match = _FORM.fullmatch(shown)
        key = await self._find(match[1]) if match else None
        # The hash is taken and compared whether there is such a key or not.
        expected = key.key_hash if key else ""
        given = _hash(match[2] if match else "", self._secret)
        if not hmac.compare_digest(given, expected) or key is None or key.revoked_at is not None:
            raise Unauthorized("This is no key of this service, or it was revoked.")
        return Caller(key.id, frozenset(key.scopes.split()))

    async def _find(self, key_id: str) -> Key | None:
        now = time.monotonic()
        until, key = self._remembered.get(key_id, (0.0, None))
        if until > now:
            return key
        try:
            async with self._database.read() as connection:
                key = await keys.find(connection, key_id)
        except DATABASE_ERRORS:
            raise LogUnavailable("The keys could not be read.") from None
        self._remembered[key_id] = now + _REMEMBERED, key
        self._remembered.move_to_end(key_id)
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return key


def check_scope(caller: Caller, scope: str) -> None:
    """Raises Forbidden."""
    if not caller.may(scope):
        raise Forbidden(f"This key has no scope {scope}.")


def _hash(random: str, secret: bytes) -> str:
    return keyed_hash(random.encode(), secret)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
