"""The command `nwgrade`: it hears of Ctrl-C before it imports what takes seconds."""

import signal
import sys

from nwgrade import interrupt


def main():
    interrupt.listen()
    try:
        from nwgrade import cli

        return cli.main()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done but Python's own end


if __name__ == "__main__":
    sys.exit(main())
