"""python -m threadmill: the main job on real data, compared with NumPy bit for bit.

python -m threadmill info: the environment alone.
python -m threadmill bench: what pays on this machine, from a hundred elements to a hundred million.
"""

import argparse
import json
import sys
from typing import Any

from . import _report
from ._bench import command


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; 0 if every result has NumPy's bits."""
    parser = argparse.ArgumentParser(
        prog="python -m threadmill",
        usage="%(prog)s [-h] [--json] [command ...]",
        description="Squares, sums and scales arrays and runs a fused function, on all cores, and compares "
        "every bit with NumPy's. A command does something else.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    commands = parser.add_subparsers(dest="command", metavar="command", prog=parser.prog)
    info = commands.add_parser("info", help="tell about this machine and stop")
    info.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON instead")
    command.add_options(commands.add_parser("bench", help=command.HELP, description=command.HELP))
    options = parser.parse_args(arguments)
    try:
        environment = _report.environment()
    except ValueError as error:  # THREADMILL_NUM_THREADS
        parser.error(str(error))
    if options.command == "bench":
        return command.run(options, environment, _report.describe(environment), parser.error)
    if options.command == "info":
        print(json.dumps(environment, indent=2) if options.json else _report.describe(environment))
        return 0
    return 0 if (_main_job_as_json if options.json else _main_job)(environment) else 1


def _main_job(environment: dict[str, Any]) -> bool:
    """Prints a row for each result, and tells whether all bits were NumPy's."""
    print(f"{_report.describe(environment)}\n\n{_report.HEADER}", flush=True)
    same = []
    for row in _report.MainJob.run():
        print(row, flush=True)
        same.append(row.same_bits)
    print(f"\n{same.count(True)} of {len(same)} results have NumPy's bits.")
    print(_report.describe_arithmetic(_report.arithmetic()))
    return all(same)


def _main_job_as_json(environment: dict[str, Any]) -> bool:
    rows = list(_report.MainJob.run())
    told = {
        "environment": environment,
        "rows": [row._asdict() for row in rows],
        "threads_give": _report.arithmetic(),
    }
    print(json.dumps(told, indent=2))
    return all(row.same_bits for row in rows)


if __name__ == "__main__":
    sys.exit(main())
