"""`python -m app`: migrate the database, load the network, serve.
`python -m app classify`: files, with no service. `python -m app keys`: API keys.
`python -m app export`: what was corrected, as a corpus."""

import argparse
import logging
import os
import sys

from app import classify_command, export_command, keys_command, log
from app.lasting import lasting
from app.settings import Settings, unknown_variables
from app.startup import StartupError, counted_together, prepare_database, read_settings

_log = logging.getLogger("hamlet")


def main() -> int:
    """Exit status 0 after a stop that was asked for, 1 when the service cannot start."""
    options = _parser().parse_args()
    log.begin()
    for name in unknown_variables(os.environ):
        _log.warning("%s is no setting of this version", name)
    try:
        settings = read_settings()
        log.use(settings.log_format)
        return int(options.command(settings, options))
    except StartupError as error:
        print(f"hamlet: {error}", file=sys.stderr)
        return options.trouble if "trouble" in options else 1


def _parser() -> argparse.ArgumentParser:
    description = "Settings are environment variables, HAMLET_*: see docs/settings.md."
    parser = argparse.ArgumentParser(prog="python -m app", description=description)
    parser.set_defaults(command=_serve)
    commands = parser.add_subparsers(metavar="command")
    commands.add_parser("serve", help="what it does without a command")
    keys = commands.add_parser("keys", help="make, list and revoke API keys")
    keys_command.add_arguments(keys)
    keys.set_defaults(command=_keys)
    classify = commands.add_parser("classify", help="mails and texts in files, with no service")
    classify_command.add_arguments(classify)
    classify.set_defaults(command=classify_command.run, trouble=classify_command.TROUBLE)
    export = commands.add_parser("export", help="write corrected messages as a corpus")
    export_command.add_arguments(export)
    export.set_defaults(command=_export)
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    with counted_together(settings.processes):
        with lasting():
            from app import serving  # torch takes two seconds, which no other command should

        prepare_database(settings)
        serving.check_keys(settings)
        return serving.serve(settings)


def _keys(settings: Settings, options: argparse.Namespace) -> int:
    prepare_database(settings)
    return keys_command.run(settings, options)


def _export(settings: Settings, options: argparse.Namespace) -> int:
    prepare_database(settings)
    return export_command.run(settings, options)
