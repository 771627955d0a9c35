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
from typing import TextIO

from tqdm import tqdm

from app.files import Result, find
from app.settings import Settings

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
        from app.remote import classify  # what speaks HTTP, which to serve need not

        return _report(classify(options.server, options.key, find(options.files)), options)
    from app.local import LocalClassifier  # torch takes two seconds, which --server need not

    return _report(LocalClassifier(settings)(find(options.files)), options)


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
