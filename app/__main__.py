"""`python -m app`: see app.commands."""

import sys

from app.lasting import lasting


def main() -> int:
    """Exit status."""
    with lasting():
        from app import commands
    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
