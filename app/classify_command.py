"""python -m app classify: mails and texts on the command line, by the network itself or a server.

The exit status is for pipes: 0 none is spam, 1 one at least is, 2 something could not be read.
"""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import islice
from typing import TextIO

from tqdm import tqdm

from app.client import Client, Message, ServiceError
from app.files import Found, Result, find
from app.schemas import Problem
from app.settings import Settings
from app.startup import StartupError
from model.mime import decode, looks_like_mail

_BATCH = 32
HAM, SPAM, TROUBLE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of the sub-command `classify`."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a mail, an mbox, a text, a Maildir, a folder of these, or - for standard input",
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument("--server", metavar="URL", help="ask this service (default: no service)")
    parser.add_argument(
        "--key",
        default=os.environ.get("HAMLET_KEY"),
        help="API key of the service (default: $HAMLET_KEY)",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing; the status says it")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit status. Raises StartupError when there is nothing to classify with."""
    if options.server:
        with Client(options.server, options.key) as client:
            return _report(_ask(client, find(options.files)), options)
    from app.local import LocalClassifier  # torch takes two seconds, which --server need not

    return _report(LocalClassifier(settings)(find(options.files)), options)


def _ask(client: Client, found: Iterable[Found]) -> Iterator[Result]:
    waiting = iter(found)
    while batch := list(islice(waiting, _BATCH)):
        good = [one for one in batch if one.error is None]
        try:
            answers = iter(list(client.classify_many([message(one) for one in good])))
        except ServiceError as error:
            raise StartupError(str(error)) from None
        for one in batch:
            if one.error is not None:
                yield Result(one.name, None, None, one.error)
                continue
            answer = next(answers)
            if isinstance(answer, Problem):
                yield Result(one.name, None, None, answer.detail)
            else:
                yield Result(one.name, answer.label, answer.spam_probability)


def message(found: Found) -> Message:
    """A mail as it travels, or a text."""
    return found.content if looks_like_mail(found.content) else decode(found.content)


def _report(results: Iterator[Result], options: argparse.Namespace) -> int:
    status = HAM
    write = _WRITERS[options.format]
    shown = tqdm(results, unit=" messages", disable=None, leave=False)
    for result in write(shown, sys.stdout) if not options.quiet else shown:
        if result.error is not None:
            tqdm.write(f"hamlet: {result.file}: {result.error}", file=sys.stderr)
            status = TROUBLE
        elif result.label == "spam" and status == HAM:
            status = SPAM
    return status


def _table(results: Iterable[Result], out: TextIO) -> Iterator[Result]:
    for result in results:
        if result.label is not None:
            tqdm.write(f"{result.label:6}  {result.spam_probability:.4f}  {result.file}", file=out)
        yield result


def _json(results: Iterable[Result], out: TextIO) -> Iterator[Result]:
    for result in results:
        tqdm.write(json.dumps({k: v for k, v in asdict(result).items() if v is not None}), file=out)
        yield result


def _csv(results: Iterable[Result], out: TextIO) -> Iterator[Result]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(Result))
    for result in results:
        writer.writerow(asdict(result).values())
        yield result


_WRITERS = {"table": _table, "json": _json, "csv": _csv}
