"""Draws bench.svg, the picture of bench.md: python docs/bench_picture.py

It is that of `python -m threadmill bench --plot`, up to 10 million elements, in half a minute. Close other
programs first.
"""

import sys
from pathlib import Path

from threadmill.__main__ import main
from threadmill._bench import command

if __name__ == "__main__":
    command.SIZES = tuple(10**k for k in range(2, 8))
    sys.exit(main(["bench", "--plot", str(Path(__file__).with_name("bench.svg"))]))
