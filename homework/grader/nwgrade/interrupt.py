"""Ctrl-C ends the command at any moment: with one line, and nothing half done.

Python raises KeyboardInterrupt wherever it happens to be: in an import, in a finalizer, while it
starts a process. Nobody can catch it everywhere. So nothing is raised here: the command ends on the
spot, as all that it writes is written as a whole or not at all. What cannot end like that asks for
a future, looks at it when it has come to a rest, and ends by itself.
"""

import _thread
import os
import signal

LINE = "nwgrade: interrupted; the same command goes on from here."
INTERRUPTED = 130


def listen():
    """End the process when Ctrl-C comes, unless it was started to ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(*_):
    os.write(2, f"{LINE}\n".encode())
    os._exit(INTERRUPTED)


def asked():
    """Return a future that is done when Ctrl-C has come, which from now on does nothing else."""
    from concurrent.futures import Future

    future = Future()

    def ask(*_):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        _thread.start_new_thread(future.set_result, (None,))  # this one may hold the future's lock

    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, ask)
    return future
