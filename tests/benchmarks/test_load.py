"""What the benchmarks' own clients make of an answer."""

import socket
from threading import Thread

import pytest

from tests.benchmarks.load import LoadFailed, percentile, read_answer


def answered(*pieces: bytes) -> tuple[bytes, bytes]:
    """What is read of an answer that comes in such pieces, the connection then closed."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)

    sender = Thread(target=send)
    sender.start()
    with ours:
        try:
            return read_answer(ours)
        finally:
            sender.join()


def test_an_answer_is_read_to_its_end_however_it_is_cut() -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y\r\n\r\nhello"
    expected = (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y", b"hello")
    assert answered(whole) == expected
    assert answered(*(whole[n : n + 1] for n in range(len(whole)))) == expected


def test_half_an_answer_is_none() -> None:
    with pytest.raises(LoadFailed):
        answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")


def test_percentiles() -> None:
    assert percentile([float(n) for n in range(101)], 95) == 95
    assert percentile([3.0], 99) == 3
