"""What an operator can set: environment variables with the prefix HAMLET_."""

from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from limits import parse_many
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.rates import SPAM_RATE, UNSURE_RATE

PREFIX = "HAMLET_"
ROOT = Path(__file__).resolve().parent.parent
# The drivers that are asynchronous, for those who need not know.
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}


class Settings(BaseSettings):
    """Read from the environment. docs/settings.md holds the same table for people."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that answer on the port, each on a core of its own. All that they "
        "count, they count together.",
    )
    database_url: str = Field(
        "sqlite+aiosqlite:///hamlet.db",
        description="SQLAlchemy URL of the request log; `sqlite:` and `postgresql:` need name no "
        "driver.",
    )
    device: str = Field(
        "auto", description="Where the network runs: `cpu`, `cuda`, `cuda:1`, or `auto`."
    )
    model_dir: Path = Field(
        ROOT / "model" / "weights" / "classifier",
        description="Directory of the classifier's checkpoint.",
    )
    sorter_dir: Path = Field(
        ROOT / "model" / "weights" / "sorter",
        description="Directory of the number sorter's checkpoint.",
    )
    target_fpr: float = Field(
        SPAM_RATE,
        gt=0,
        lt=1,
        description="Share of good mail that may be called spam; it picks the threshold from the "
        "checkpoint's calibration curve.",
    )
    unsure_fpr: float = Field(
        UNSURE_RATE,
        gt=0,
        lt=1,
        description="Share of good mail that may be called spam or unsure; the lower threshold, in "
        "the same way. No more than `HAMLET_TARGET_FPR`: nothing is unsure.",
    )
    store_text: bool = Field(
        False,
        description="Keep subject and body of every message, and every list of numbers, in the "
        "request log.",
    )
    require_key: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether callers have to show an API key. `auto`: unless the address to listen "
        "on is this machine's alone and no proxy is trusted. The service does not start where a "
        "key is needed and there is none; `never` lets anybody in who can reach the port.",
    )
    trusted_proxies: str | None = Field(
        None,
        description="Addresses and networks, separated by commas, of reverse proxies whose "
        "`X-Forwarded-For` and `X-Forwarded-Proto` are believed; those of all others are not. "
        "Unset: nobody's.",
    )
    rate_limit_key: str | None = Field(
        None,
        description="Most messages that one key may send, e.g. `600/minute` or "
        "`20/second;10000/day`; a batch counts as many as it holds, any other call as one. Unset: "
        "no limit.",
    )
    rate_limit_address: str | None = Field(
        None,
        description="The same for callers without a valid key, by address, of IPv6 by /64. Unset: "
        "no limit.",
    )
    log_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Key of the hashes of messages and API keys. Unset: made once and kept in "
        "a file beside the SQLite database.",
    )
    retention_days: float | None = Field(
        None, gt=0, description="Days that entries of the request log are kept. Unset: for ever."
    )
    retention_rows: int | None = Field(
        None, gt=0, description="Most messages, and most sorts, in the request log. Unset: no end."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Of what the service says to its standard error, a line each."
    )
    max_body_bytes: int = Field(
        25 * 2**20,
        gt=0,
        description="Largest request body; of an NDJSON stream, the longest line.",
    )
    max_batch_messages: int = Field(
        1000, gt=0, description="Most messages in one JSON batch; an NDJSON stream has no end."
    )
    body_timeout: float = Field(
        30.0, gt=0, description="Seconds to wait for the next piece of a request body."
    )
    request_timeout: float = Field(
        120.0,
        gt=0,
        description="Seconds from the head of a request to the beginning of its answer; an NDJSON "
        "stream may take longer.",
    )
    max_batch_tokens: int = Field(
        16_384,
        gt=0,
        description="Padded tokens, rows times longest row, in one pass of the network.",
    )
    max_numbers: int = Field(
        256,
        gt=0,
        le=2000,
        description="Most numbers in one list to sort; work grows with its square.",
    )
    max_wait: float = Field(
        0.0, ge=0, le=10, description="Seconds that a message may wait for others to share a pass."
    )
    max_requests: int = Field(
        64,
        gt=0,
        description="Requests of the method POST that may be under way in one process; one more is "
        "refused with 503, unread.",
    )
    max_queue: int = Field(
        1024, gt=0, description="Messages that may wait; one more is refused with 503."
    )

    @field_validator("rate_limit_key", "rate_limit_address")
    @classmethod
    def _rate(cls, value: str | None) -> str | None:
        if value is not None and any(item.amount < 1 for item in parse_many(value)):
            raise ValueError("a limit of none lets nobody in")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str | None) -> str | None:
        for proxy in value.split(",") if value is not None else ():
            ip_network(proxy.strip())  # raises ValueError
        return value

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        return _DRIVERS.get(scheme, scheme) + separator + rest


def unknown_variables(names: Iterable[str]) -> list[str]:
    """The environment's HAMLET_ variables that are no setting: a typing error, most likely."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(n for n in names if n.upper().startswith(PREFIX) and n.upper() not in known)
