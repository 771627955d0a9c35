"""The key of the message hashes: set by the operator, or made once and kept beside the database."""

import hashlib
import os
import secrets
from pathlib import Path

from sqlalchemy import make_url

from app.settings import Settings


class SecretError(ValueError):
    """There is no key to hash with; the message is one sentence for the operator."""


def load_key(settings: Settings) -> bytes:
    """32 bytes. Raises SecretError."""
    if settings.log_secret is not None:
        return hashlib.sha256(settings.log_secret.get_secret_value().encode()).digest()
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
        raise SecretError("HAMLET_LOG_SECRET must be set: the database is not a SQLite file.")
    path = Path(url.database + ".key")
    try:
        if not path.exists():
            _create(path)
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise SecretError(f"The key file {path} cannot be used: {error}.") from error
    if len(key) != 32:
        raise SecretError(f"The key file {path} does not hold 64 hexadecimal digits.")
    return key


def _create(path: Path) -> None:
    """Write a new key in one step: of two processes that start together, both use the first's."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def keyed_hash(content: bytes, key: bytes) -> str:
    """BLAKE2b (RFC 7693) of the content under the key, 256 bits in hexadecimal."""
    return hashlib.blake2b(content, key=key, digest_size=32).hexdigest()
