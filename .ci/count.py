"""Adds up the pytest reports in a folder: prints "N passed, N failed" alone on a line."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main(other_failures: int, folder: Path) -> None:
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for report in sorted(folder.glob("*.xml")):
        suites = ET.parse(report).getroot().iter("testsuite")
        counts = dict.fromkeys(total, 0)
        for suite in suites:
            for name in total:
                counts[name] += int(suite.get(name, 0))
        print(f"{report.stem}: {counts}")
        for name in total:
            total[name] += counts[name]
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    line = f"{passed} passed, {failed + other_failures} failed"
    print(line + (f", {total['skipped']} skipped" if total["skipped"] else ""))


main(int(sys.argv[1]), Path(sys.argv[2]))
