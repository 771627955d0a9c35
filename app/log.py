"""What the service says to its operator, on standard error: as text, or a JSON object a line."""

import logging
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def begin() -> None:
    """As text, until the settings are known."""
    logging.basicConfig(level=logging.INFO, format=_TEXT)
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def use(form: Literal["text", "json"]) -> None:
    """Write as the settings say. In JSON the members of an access line are members of their own."""
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    formatter = JsonFormatter(_TEXT, rename_fields=names) if form == "json" else None
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter or logging.Formatter(_TEXT))
