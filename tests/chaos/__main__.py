"""The proxy as a process of its own."""

from __future__ import annotations

import argparse
import sys

from tests.chaos.proxy import MODES, Address, Mode, proxied


def parsed(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    return (host, int(port)) if colon and port.isdecimal() else text


def told(line: str) -> Mode:
    """The mode of a line such as `reset 1000`."""
    name, *numbers = line.split()
    return MODES[name](*map(int, numbers))


def main() -> None:
    modes = "pass, blackhole, refuse, reset BYTES, slow BYTES_PER_SECOND, cut"
    parser = argparse.ArgumentParser(description=f"A proxy that spoils connections; lines tell it how: {modes}.")
    parser.add_argument("listen", type=parsed, help="HOST:PORT or a path")
    parser.add_argument("target", type=parsed, help="HOST:PORT or a path")
    options = parser.parse_args()
    with proxied(options.target, options.listen) as proxy:
        sys.stdout.write(f"{proxy.address}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            if line.strip() == "cut":
                proxy.cut()
            else:
                proxy.switch(told(line))
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
