"""Every published format, and a user's own mail, as labelled messages."""

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from model.mime import Message
from training.corpora import CorpusError, Example, read

Files = dict[str, bytes]


def tar(path: Path, files: Files) -> Path:
    with tarfile.open(path, "w:bz2" if path.suffix == ".bz2" else "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def unpacked(path: Path, files: Files) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def found(form: str, path: Path) -> list[tuple[str, str, bool, str]]:
    """(subject, body, is_spam, source) of every message."""
    examples = list(read("c", form, path))
    assert all(isinstance(e, Example) and e.corpus == "c" for e in examples)
    return [(e.message.subject, e.message.body, e.is_spam, e.source) for e in examples]


ENRON = {
    "enron1/Summary.txt": b"not a mail",
    "enron1/ham/0001.1999-12-10.farmer.ham.txt": b"Subject: gas nomination\r\nsee the caf\xe9 .",
    "enron1/spam/0006.2003-12-18.GP.spam.txt": b"Subject: cheap pills\r\nbuy now",
}
ENRON_FOUND = [
    ("gas nomination", "see the café .", False, "enron1"),
    ("cheap pills", "buy now", True, "enron1"),
]


def test_enron_as_published_and_unpacked(tmp_path: Path) -> None:
    assert found("enron", tar(tmp_path / "enron1.tar.gz", ENRON)) == ENRON_FOUND
    assert found("enron", tmp_path) == ENRON_FOUND
    assert found("enron", unpacked(tmp_path / "files", ENRON)) == ENRON_FOUND


def test_spamassassin_as_published_and_unpacked(tmp_path: Path) -> None:
    mail = b"From: a@example.com\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nhello"
    for folder in ("easy_ham", "hard_ham", "spam_2"):
        files = {f"{folder}/cmds": b"mv 1 2", f"{folder}/0001.ea7e79d3153e7469e7a9c3e0": mail}
        tar(tmp_path / f"20030228_{folder}.tar.bz2", files)
        unpacked(tmp_path / "files", files)
    expected = [
        ("Grüße", "hello", False, "easy_ham"),
        ("Grüße", "hello", False, "hard_ham"),
        ("Grüße", "hello", True, "spam_2"),
    ]
    assert found("spamassassin", tmp_path / "files") == expected
    assert found("spamassassin", tmp_path / "20030228_spam_2.tar.bz2") == expected[2:]


def test_ling_as_published(tmp_path: Path) -> None:
    files = {
        "lingspam_public/readme.txt": b"read me",
        "lingspam_public/bare/part1/3-1msg1.txt": b"Subject: query\n\nwho studies clitics ?\n",
        "lingspam_public/bare/part1/spmsga1.txt": b"Subject: money\n\nearn it at home !\n",
        "lingspam_public/lemm/part1/3-1msg1.txt": b"Subject: query\n\nwho study clitic ?\n",
    }
    expected = [
        ("query", "who studies clitics ?", False, "ling"),
        ("money", "earn it at home !", True, "ling"),
    ]
    for path in (tar(tmp_path / "l.tar.gz", files), unpacked(tmp_path / "files", files)):
        assert [(s, b.strip(), *rest) for s, b, *rest in found("ling", path)] == expected


def test_sms_as_published(tmp_path: Path) -> None:
    lines = "ham\tOk lar... caf\u00e9 \u0085 later\r\n\nspam\tWINNER!! Call 09061701461\n".encode()
    with zipfile.ZipFile(tmp_path / "smsspamcollection.zip", "w") as archive:
        archive.writestr("readme", "a\tb")
        archive.writestr("SMSSpamCollection", lines)
    assert found("sms", tmp_path) == [
        ("", "Ok lar... café \u0085 later", False, "sms"),
        ("", "WINNER!! Call 09061701461", True, "sms"),
    ]


def test_sms_that_is_none_names_the_file_and_the_line(tmp_path: Path) -> None:
    unpacked(tmp_path, {"SMSSpamCollection": b"ham\tfine\nno tab here\n"})
    with pytest.raises(CorpusError, match="SMSSpamCollection, line 2"):
        found("sms", tmp_path)


def test_nazario_as_csv_and_as_mbox(tmp_path: Path) -> None:
    table = 'sender,receiver,date,subject,body,urls,label\na,b,c,Verify,"log in,\nnow",1,1\n'
    (tmp_path / "Nazario.csv").write_text(table)
    assert found("nazario", tmp_path / "Nazario.csv") == [
        ("Verify", "log in,\nnow", True, "nazario")
    ]
    box = b"From jose Mon Jan  1 00:00:00 2024\nSubject: Verify\n\nlog in\n\n" * 2
    (tmp_path / "phishing3.mbox").write_bytes(box)
    (tmp_path / "phishing-2019").write_bytes(box)
    (tmp_path / "README").write_bytes(b"read me")
    expected = [("Verify", "log in\n", True, source) for source in ("phishing-2019", "phishing3")]
    (tmp_path / "Nazario.csv").unlink()
    assert sorted(set(found("nazario", tmp_path))) == expected
    assert len(found("nazario", tmp_path)) == 4


def test_a_tree_of_mails_and_mboxes(tmp_path: Path) -> None:
    mail = b"Subject: s\n\nhello"
    box = b"From a Mon Jan  1 00:00:00 2024\n" + mail + b"\n\n"
    files = {
        "mine/Ham/lists/r-help/1.eml": mail,
        "mine/spam/2.eml": mail,
        "mine/spam/old/3.mbox": box * 3,
        "mine/spam/.DS_Store": b"junk",
        "mine/elsewhere/4.eml": mail,
    }
    expected = [
        ("s", "hello", False, "ham/lists/r-help"),
        ("s", "hello", True, "spam/"),
        *[("s", "hello\n", True, "spam/old")] * 3,
    ]
    assert found("eml", unpacked(tmp_path / "files", files)) == expected
    assert sorted(found("eml", tar(tmp_path / "m.tar.gz", files))) == sorted(expected)


def test_csv_of_text_or_of_subject_and_body(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffLabel,Text\nspam,Subject: Hi\nham,grüße\n".encode())
    assert found("csv", tmp_path / "a.csv") == [
        ("Hi", "", True, "a.csv"),
        ("", "grüße", False, "a.csv"),
    ]
    (tmp_path / "b.csv").write_bytes(b"subject,body,label\nHi,<p>one</p><p>two</p>,0\nHi,,1\n")
    assert found("csv", tmp_path / "b.csv") == [
        ("Hi", "one\ntwo", False, "b.csv"),
        ("Hi", "", True, "b.csv"),
    ]


def test_csv_with_a_body_longer_than_the_modules_limit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"label,text\nham,{'word ' * 60_000}\n")
    assert len(found("csv", tmp_path / "a.csv")[0][1]) == 300_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text\nhello\n", "no column 'label'"),
        ("label,content\nham,hello\n", "no column 'text'"),
        ("label,text\nham,x\nmaybe,hello\n", "line 3: label 'maybe'"),
        ("text,label\nhello\n", "line 2: label ''"),
        ("label,text\n", "no message"),
        ("", "no message"),
    ],
)
def test_csv_that_is_wrong_names_the_file(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(CorpusError, match=f"mine.csv.*{re.escape(words)}"):
        found("csv", tmp_path / "mine.csv")


def test_an_unknown_format_and_a_missing_path_are_refused_before_reading(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="unknown format 'maildrop'"):
        read("c", "maildrop", tmp_path)
    with pytest.raises(CorpusError, match="nowhere does not exist"):
        read("c", "eml", tmp_path / "nowhere")


@pytest.mark.parametrize("form", ["enron", "spamassassin", "ling", "sms", "nazario", "eml", "csv"])
def test_a_folder_without_messages_is_an_error(tmp_path: Path, form: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(str(tmp_path))):
        found(form, tmp_path)


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "enron1.tar.gz").write_bytes(b"half a download")
    with pytest.raises(CorpusError, match=r"corpus c: .*enron1\.tar\.gz"):
        found("enron", tmp_path)


def test_bytes_of_no_encoding_are_read_all_the_same(tmp_path: Path) -> None:
    unpacked(tmp_path, {"ham/1.eml": bytes(range(256)), "SMSSpamCollection": b"ham\t\xff\xfe\n"})
    assert len(found("eml", tmp_path)) == 1
    assert isinstance(next(read("c", "sms", tmp_path)).message, Message)
