"""Run by test_socket.py as a process of its own: the service as `python -m app` starts it, with
the network's stand-in. `python -m tests.app.serve_double`."""

import logging
import sys

from app.serving import serve
from app.settings import Settings
from tests.app.double import WordCounter

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    sys.exit(serve(Settings(), WordCounter()))
