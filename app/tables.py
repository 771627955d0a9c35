"""The rows of the database. Not models.py: here a model is a network."""

from datetime import UTC, datetime

from sqlalchemy import Boolean, DateTime, Dialect, Float, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which knows no zones, gives back naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    pass


class RequestRow(Base):
    """One message that was classified. Its text is there only if the operator wants it so."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_created_at_label", "created_at", "label"),
        Index("ix_requests_label_id", "label", "id"),
        Index("ix_requests_key_id_id", "key_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    request_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # "classify"
    source: Mapped[str] = mapped_column(String(16))  # the form it came in: app.inputs.Source
    message_hash: Mapped[str] = mapped_column(String(64), index=True)  # keyed BLAKE2b, 256 bits
    content_bytes: Mapped[int] = mapped_column(Integer)
    subject_characters: Mapped[int] = mapped_column(Integer)
    body_characters: Mapped[int] = mapped_column(Integer)
    tokens_used: Mapped[int] = mapped_column(Integer)
    tokens_total: Mapped[int] = mapped_column(Integer)
    unknown_share: Mapped[float | None] = mapped_column(Float)  # of the words of the recurrence
    spam_probability: Mapped[float] = mapped_column(Float)
    threshold: Mapped[float] = mapped_column(Float)
    label: Mapped[str] = mapped_column(String(8))
    decided_by: Mapped[str] = mapped_column(String(16))  # "model" or "correction"
    key_id: Mapped[str | None] = mapped_column(String(16))
    model_version: Mapped[str] = mapped_column(String(64))
    queue_ms: Mapped[float] = mapped_column(Float)
    inference_ms: Mapped[float] = mapped_column(Float)
    subject: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)


class SortRow(Base):
    """One list of numbers that was sorted. They are there only if the operator wants it so."""

    __tablename__ = "sorts"
    __table_args__ = (Index("ix_sorts_key_id_id", "key_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    request_id: Mapped[str] = mapped_column(String(64))
    numbers_hash: Mapped[str] = mapped_column(String(64), index=True)  # as a message's
    count: Mapped[int] = mapped_column(Integer)
    descending: Mapped[bool] = mapped_column(Boolean)
    exact: Mapped[bool] = mapped_column(Boolean)
    first_break: Mapped[int | None] = mapped_column(Integer)
    key_id: Mapped[str | None] = mapped_column(String(16))
    model_version: Mapped[str] = mapped_column(String(64))
    queue_ms: Mapped[float] = mapped_column(Float)
    inference_ms: Mapped[float] = mapped_column(Float)
    numbers: Mapped[str | None] = mapped_column(Text)  # the list as it came in, as JSON


class CorrectionRow(Base):
    """What people say of a message: of every request with its hash, and the next time it comes."""

    __tablename__ = "corrections"

    message_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(8))
    entry_id: Mapped[str] = mapped_column(String(32))  # the request by which it was named
    corrected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    corrected_by: Mapped[str | None] = mapped_column(String(16))  # a key


class KeyRow(Base):
    """A key of the interface. Of its secret only a keyed hash is here."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[str] = mapped_column(String(100))  # separated by spaces
    key_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
