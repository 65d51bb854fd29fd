"""python -m threadmill: the main job on real data, compared with NumPy bit for bit.

python -m threadmill info: the environment alone.
python -m threadmill bench: what pays on this machine, from a hundred elements to a hundred million.
python -m threadmill timeline run.json [-o run.png]: what `with tm.trace("run.json")` has recorded.
"""

import argparse
import json
import sys
from typing import Any

from . import _report
from ._bench import command
from .timeline import chrome
from .timeline.picture import draw

_TIMELINE = "python -m threadmill timeline [-h] FILE [-o PICTURE] [--style {light,dark}]"


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
    timeline = commands.add_parser(
        "timeline", help="tell and draw what a trace has recorded", usage=_TIMELINE
    )
    timeline.add_argument("file", help="what `with tm.trace(file)` has written")
    timeline.add_argument("-o", "--output", metavar="PICTURE", help="its ending tells the format: .png, .svg")
    timeline.add_argument("--style", choices=("light", "dark"), default="light")
    options = parser.parse_args(arguments)
    if options.command == "timeline":
        return _tell_timeline(options.file, options.output, options.style)
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


def _tell_timeline(file: str, output: str | None, style: str) -> int:
    try:
        timeline = chrome.read(file)
        if output is not None:
            draw(timeline, output, style)
    except (OSError, ValueError, ImportError) as error:
        print(f"python -m threadmill timeline: {error}", file=sys.stderr)
        return 2
    print(timeline.told())
    return 0


if __name__ == "__main__":
    sys.exit(main())
