"""The mails as files, where tools that are no service read them; drawn once, found again after."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.messages import collect
from tests.benchmarks.setting import Setting

_COUNT = 1000
_LEARNT = 2000  # of each kind, for who learns from thousands


@dataclass(frozen=True, slots=True)
class MailFiles:
    """Files of mails: `drawn` to measure with, `ham` and `spam` to learn from."""

    drawn: list[Path]
    ham: list[Path]
    spam: list[Path]

    def contents(self) -> list[bytes]:
        """The drawn mails themselves."""
        return [file.read_bytes() for file in self.drawn]


def mail_files(setting: Setting) -> MailFiles:
    """The thousand mails that everybody gets, and others to learn from."""
    folder = setting.out / "mails"
    wanted = json.dumps([_COUNT, _LEARNT, *(asdict(corpus) for corpus in setting.corpora)])
    mark = folder / "drawn.json"  # written last: what it describes is there, whole
    if not mark.exists() or mark.read_text() != wanted:
        mails = collect(setting.corpora, setting.folder, _COUNT, _LEARNT)
        for kind, contents in asdict(mails).items():
            _write(folder / kind, contents)
        mark.write_text(wanted)
    return MailFiles(*(sorted((folder / kind).iterdir()) for kind in ("drawn", "ham", "spam")))


def _write(folder: Path, contents: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, content in enumerate(contents):
        (folder / f"{number:04}.eml").write_bytes(content)
