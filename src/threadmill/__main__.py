"""python -m threadmill: the main job on real data, compared with NumPy bit for bit.

python -m threadmill info [--json]: the environment alone.
"""

import argparse
import json
import sys

from . import _report


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; 0 if every result has NumPy's bits."""
    parser = argparse.ArgumentParser(
        prog="python -m threadmill",
        usage="%(prog)s [-h] [info [--json]]",
        description="Squares, sums and scales arrays on all cores and compares every bit with NumPy's.",
    )
    commands = parser.add_subparsers(dest="command", metavar="info", prog=parser.prog)
    info = commands.add_parser("info", help="tell about this machine and stop")
    info.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    try:
        environment = _report.environment()
    except ValueError as error:  # THREADMILL_NUM_THREADS
        parser.error(str(error))
    if options.command == "info" and options.json:
        print(json.dumps(environment, indent=2))
        return 0
    print(_report.describe(environment))
    if options.command == "info":
        return 0
    print()
    return 0 if _report.run_main_job() else 1


if __name__ == "__main__":
    sys.exit(main())
