"""How often a caller may ask: so many messages a second, minute or day, by key or by address."""

import asyncio
import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, parse_many
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import Caller
from app.counters import Counters
from app.errors import InvalidRequest, TooManyRequests
from app.schemas import Fault
from app.settings import Settings

MOST_COUNTERS = 65_536


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands with the limit that is nearest: `policy` says what is counted."""

    policy: str
    limit: int
    window: int  # seconds
    remaining: int
    reset: int  # seconds until the window ends

    def headers(self) -> dict[str, str]:
        """Those of draft-ietf-httpapi-ratelimit-headers, and the three of its first versions, which
        most clients know."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={self.window}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class RateLimits:
    """Counts what is asked. A caller who shows a key is counted by the key, wherever it asks from;
    all others by address, of IPv6 by the /64 that one subscriber has. Belongs to one event loop;
    other processes may count in the same `counters`."""

    def __init__(self, settings: Settings, counters: Counters | None = None) -> None:
        self._items = {
            "key": _parse(settings.rate_limit_key),
            "address": _parse(settings.rate_limit_address),
        }
        self._counters = counters or Counters(MOST_COUNTERS)
        self._limiter = FixedWindowRateLimiter(self._counters)

    def charge(
        self, scope: Scope, caller: Caller | None, messages: int = 1, counted: int = 0
    ) -> None:
        """Count the messages of one request, of which `counted` were counted before: all, or none.

        The answer to the request will say what is left. `caller` is None where a key was refused.
        Raises TooManyRequests, and InvalidRequest if no waiting would help.
        """
        by_key = caller.key_id if caller else None
        policy = "key" if by_key else "address"
        items = self._items[policy]
        cost = messages - counted
        if not items or cost <= 0:
            return
        name = by_key or _of_address(scope)
        for item in items:
            if messages > item.amount:
                reason = f"{messages} messages at once; the rate limit is {item}"
                raise InvalidRequest(Fault(pointer="", reason=reason))
        with self._counters.lock():
            before = [self._standing(policy, item, name) for item in items]
            if refused := [standing for standing in before if standing.remaining < cost]:
                last = max(refused, key=lambda standing: standing.reset)
                scope["state"]["standing"] = last
                raise TooManyRequests(last.limit, last.window, last.reset)
            for item in items:
                self._limiter.hit(item, policy, name, cost=cost)
        after = [self._standing(policy, item, name) for item in items]
        scope["state"]["standing"] = min(after, key=lambda standing: standing.remaining)

    async def wait(self, scope: Scope, caller: Caller, patience: float) -> None:
        """Count one more message, once the limit has room for it. Raises TooManyRequests if that
        takes more than `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return self.charge(scope, caller)
            except TooManyRequests as error:
                if time.monotonic() + error.seconds > deadline:
                    raise
                await asyncio.sleep(error.seconds)

    def _standing(self, policy: str, item: RateLimitItem, name: str) -> Standing:
        end, remaining = self._limiter.get_window_stats(item, policy, name)
        reset = max(0, math.ceil(end - time.time()))
        return Standing(policy, item.amount, item.get_expiry(), remaining, reset)


class RateLimitHeaders:
    """Says in every answer that a limit counted where the caller stands."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def telling(message: Message) -> None:
            standing: Standing | None = scope.get("state", {}).get("standing")
            if message["type"] == "http.response.start" and standing is not None:
                MutableHeaders(scope=message).update(standing.headers())
            await send(message)

        await self.app(scope, receive, telling)


def _parse(limits: str | None) -> list[RateLimitItem]:
    return parse_many(limits) if limits else []


def _of_address(scope: Scope) -> str:
    """What a caller without a key is counted by. What a trusted proxy forwards need not be an
    address; all that is not is one caller."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{int(address) >> 64:016x}/64"
    return str(address)
