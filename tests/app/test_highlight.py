"""What a page shows of a message."""

from app.highlight import Piece, listed, show
from app.schemas import WordWeight


def word(start: int, end: int, weight: float) -> WordWeight:
    return WordWeight(field="body", start=start, end=end, text="-", weight=weight, unknown=False)


def test_words_stand_where_they_are_and_nothing_is_lost() -> None:
    text = "buy cheap pills from Anna"
    shown = show(text, [word(10, 15, 2.0), word(21, 25, -0.5), word(4, 9, 1.0)])
    assert shown.pieces == [
        Piece("buy "),
        Piece("cheap", 1.0, 2),
        Piece(" "),
        Piece("pills", 2.0, 3),
        Piece(" from "),
        Piece("Anna", -0.5, 1),
    ]
    assert [piece.side for piece in shown.pieces] == ["", "spam", "", "spam", "", "ham"]
    assert "".join(piece.text for piece in shown.pieces) == text


def test_of_overlapping_words_the_earlier_is_marked() -> None:
    shown = show("abcdef", [word(2, 5, 1.0), word(0, 3, 1.0), word(4, 9, 1.0)])
    assert [(piece.text, piece.strength) for piece in shown.pieces] == [("abc", 3), ("def", 0)]


def test_a_weight_of_nothing_is_no_mark() -> None:
    assert show("ab cd", [word(0, 2, 0.0)]).pieces == [Piece("ab"), Piece(" cd")]


def test_what_cannot_be_seen_is_named() -> None:
    shown = show("a\u202etxt.exe\u202c \u200b\u200b\u200b\x00\r\n\tb\ud800", [word(1, 5, 1.0)])
    assert shown.pieces == [
        Piece("a"),
        Piece("U+202E", 1.0, 3, unseen=True),
        Piece("txt", 1.0, 3),
        Piece(".exe"),
        Piece("U+202C", unseen=True),
        Piece(" "),
        Piece("U+200B ×3", unseen=True),
        Piece("U+0000", unseen=True),
        Piece("\r\n\tb\ufffd"),
    ]


def test_joiners_of_emoji_and_of_scripts_that_need_them_stay() -> None:
    for text in ("👩\u200d👧", "می\u200cخواهم", "क्\u200dष"):
        assert show(text).pieces == [Piece(text)]


def test_a_long_text_is_cut_and_the_rest_counted() -> None:
    shown = show("x" * 50, [word(8, 12, 1.0), word(2, 4, 1.0)], most=10)
    assert "".join(piece.text for piece in shown.pieces) == "x" * 10
    assert shown.left_out == 40


def test_a_listed_word_is_written_as_in_the_message_on_one_line() -> None:
    line = listed("Get\nV1AGRA\u202e now", word(4, 11, -1.5), 3.0)
    assert (line.text, line.share, line.side) == ("V1AGRA\ufffd", 50.0, "ham")
