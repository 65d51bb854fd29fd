"""Prints what the named extras of the installed threadmill ask for, in lines for pip install -r."""

import sys
from importlib.metadata import requires

from packaging.requirements import Requirement


def main(extras: list[str]) -> None:
    for asked in map(Requirement, requires("threadmill") or ()):
        marker, asked.marker = asked.marker, None
        if marker is None or marker.evaluate({"extra": ""}) or asked.name == "threadmill":
            continue
        if any(marker.evaluate({"extra": extra}) for extra in extras):
            print(asked)


main(sys.argv[1:])
