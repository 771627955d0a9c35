"""Mail to ids on one core: MIME, HTML, normalising, tokenizing."""

from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import Message

from app.settings import Settings
from model.html import looks_like_html
from model.mime import decode, parse
from model.predictor import ClassifierPredictor
from tests.benchmarks.mails import mail_files
from tests.benchmarks.results import Findings, Row
from tests.benchmarks.setting import Setting
from tests.benchmarks.timing import cores, seconds, side_by_side

_REPEATS = 7
_PLAIN, _HTML = "plain text", "HTML"
_AIMS = {_PLAIN: 4000.0, _HTML: 1000.0}


def measure(setting: Setting) -> Findings:
    """The first pass meets every word for the first time, the later ones remember some."""
    predictor = ClassifierPredictor.load(Settings().model_dir, "cpu")
    groups: dict[str, list[bytes]] = {_PLAIN: [], _HTML: []}
    for mail in mail_files(setting).contents():
        groups[_HTML if holds_html(mail) else _PLAIN].append(mail)
    works = {name: _read(predictor, mails) for name, mails in groups.items()}
    with cores(1):
        first = {name: seconds(work) for name, work in works.items()}
        took = side_by_side(works, setting.repeats(_REPEATS))
    measured = {}
    for name, mails in groups.items():
        measured[f"{name}, messages/s"] = len(mails) / took[name]
        measured[f"{name}, first pass, messages/s"] = len(mails) / first[name]
        measured[f"{name}, messages"] = len(mails)
        measured[f"{name}, mean bytes"] = sum(map(len, mails)) / len(mails)
    rates = {name: measured[f"{name}, messages/s"] for name in groups}
    row = Row(
        name="mail to ids, one core",
        measured=measured,
        verdict=", ".join(f"{rate:,.0f} {name} messages/s" for name, rate in rates.items()),
        aim=", ".join(f"≥ {aim:,.0f} {name} messages/s" for name, aim in _AIMS.items()),
        reaches=all(rates[name] >= aim for name, aim in _AIMS.items()),
    )
    return Findings((row,))


def _read(predictor: ClassifierPredictor, mails: Sequence[bytes]) -> Callable[[], None]:
    def work() -> None:
        for mail in mails:
            predictor.encode(parse(mail))

    return work


def holds_html(mail: bytes) -> bool:
    """Whether a part says that it is HTML, or is so and does not say it, as spam likes to."""
    parts = [
        part for part in message_from_bytes(mail).walk() if part.get_content_maintype() == "text"
    ]
    return any(p.get_content_subtype() == "html" or looks_like_html(_text(p)) for p in parts)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return decode(content) if isinstance(content, bytes) else ""
