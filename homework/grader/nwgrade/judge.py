"""Grade one submission: run its cells in the sandbox, then ask the checks' questions."""

import math
import time
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass

import numpy as np

from nwgrade import sandbox as box
from nwgrade import wire
from nwgrade.answers import sides
from nwgrade.checks import Failed, Student

MAX_DEATHS = 5
PATIENCE = 10  # times the limit of one call, for all of a submission
MAX_PNG, MAX_SIDE = 2 * 2**20, 4000  # bytes, and pixels


@dataclass(frozen=True)
class Verdict:
    """How one check ended. `message` is for the student and empty when it passed.

    `is_broken` says that the check itself failed: a 0 that nobody has earned.
    """

    check: str
    cell: str
    points: float
    earned: float
    message: str = ""
    is_broken: bool = False


@dataclass(frozen=True)
class Report:
    """What grading a submission gave: verdicts, and one line for each cell that did not run.

    figures : (cell, bytes of a PNG) of each figure that could be drawn.
    """

    verdicts: tuple
    cells: tuple
    deaths: tuple
    figures: tuple = ()


def judge(cells, checks, make_sandbox, seed, drawings=()):
    """Return the Report on a submission's cells.

    make_sandbox : gives a new Sandbox, which nothing else has used; another one after each death.
    seed : makes all inputs of the checks. drawings : pairs of a cell and the function that draws
    its figure on axes.
    """
    with closing(_Submission(cells, make_sandbox)) as submission:
        submission.run()
        verdicts = tuple(_verdict(check, submission, seed) for check in checks)
        drawn = [(cell, submission.draw(name)) for cell, name in drawings]
    figures = tuple((cell, png) for cell, png in drawn if png)
    return Report(verdicts, tuple(submission.failed), tuple(submission.deaths), figures)


def _verdict(check, submission, seed):
    rng = np.random.default_rng([seed, zlib.crc32(check.name.encode())])
    earned, message, is_broken = 0.0, "", False
    try:
        check.run(Student(submission.ask, submission.wrong), rng)
        earned = check.points
    except Failed as failed:
        message = _readable(failed, 1000)
    except box.SandboxError:
        raise
    except Exception as error:  # the check's fault, not the student's
        message = f"This check broke ({type(error).__name__}): tell your instructor."
        is_broken = True
    return Verdict(check.name, check.cell, check.points, earned, message, is_broken)


class _Submission:
    """A submission in its sandbox, or in another one whenever it has died."""

    def __init__(self, cells, make_sandbox):
        self.cells = [cell for cell in cells if cell.kind == "code" and not cell.is_test]
        self.draws = any("matplotlib" in cell.source for cell in self.cells)
        self.make_sandbox = make_sandbox
        self.sandbox = None
        self.failed, self.killed, self.deaths = [], [], []
        self.wrong = set()  # names of functions
        self.slowest = 0.0  # answer that came
        self.deadline = math.inf  # until the first sandbox is ready

    def close(self):
        if self.sandbox:
            self.sandbox.close()

    def run(self):
        """Run all cells from the top in a fresh process, leaving out those that have killed it."""
        while self._has_a_chance():
            self.failed = [*self.killed]
            self._begin()
            for cell in self.cells:
                try:
                    self._run(cell)
                except box.Gone as gone:
                    self.deaths.append(str(gone))
                    self.killed.append((cell.position, _killed(gone)))
                    self.failed.append(self.killed[-1])
                    self.cells = [one for one in self.cells if one is not cell]
                    break
            else:
                return

    def _begin(self):
        self.close()
        self.sandbox = self.make_sandbox()
        self.sandbox.start(self.draws)
        patience = PATIENCE * self.sandbox.limits.seconds
        self.deadline = min(self.deadline, time.monotonic() + patience)

    def _run(self, cell):
        message = {"run": cell.source, "name": f"cell {cell.position}"}
        if time.monotonic() > self.deadline:
            raise box.Gone("timed out")
        try:
            reply = self._ask(message)
        except wire.WireError:
            reply = {"error": "it gave no answer that can be read"}
        if isinstance(reply, dict) and isinstance(reply.get("error"), str):
            self.failed.append((cell.position, _readable(reply["error"])))

    def _ask(self, message):
        began = time.monotonic()
        reply = self.sandbox.ask(message, self._seconds())
        self.slowest = max(self.slowest, time.monotonic() - began)
        return reply

    def _seconds(self):
        """Return the time for an answer: half as much after each time out, down to an eighth.

        One loop without an end would else take as long as a whole class of others. What has been
        answered in time keeps enough to be answered again.
        """
        limit = self.sandbox.limits.seconds
        less = limit / 2 ** min(3, self.deaths.count("timed out"))
        return min(limit, max(less, 3 * self.slowest))

    def _has_a_chance(self):
        return len(self.deaths) < MAX_DEATHS and time.monotonic() < self.deadline

    def ask(self, message):
        """Return the reply to a check's question; raise Failed without one."""
        if not self._has_a_chance():
            self.deaths = self.deaths or ["timed out"]
            raise Failed("Not tried: the notebook had crashed too often or taken too long by then.")
        try:
            return self._ask(message)
        except wire.WireError:
            raise Failed("Its answer cannot be read.") from None
        except box.Gone as gone:
            self.deaths.append(str(gone))
            self.run()
            name = message.get("call") or message.get("get") or message.get("draw")
            raise Failed(f"Calling {name}: {_killed(gone)}") from None

    def draw(self, name):
        """Return the PNG of what the function draws, of a size that a page can show, or None."""
        with suppress(Failed, ValueError):
            reply = self.ask({"draw": name})
            png = reply.get("value") if isinstance(reply, dict) else None
            is_small = isinstance(png, bytes) and len(png) <= MAX_PNG
            return png if is_small and max(sides(png, ["PNG"])) <= MAX_SIDE else None
        return None


def _readable(text, limit=400):
    """Return a text of the submission as it may be shown and stored: one line, no odd signs."""
    text = str(text)[:limit].encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _killed(gone):
    if str(gone) == "timed out":
        return "it took too long and was stopped. Is there a loop without an end?"
    return f"it made Python stop ({gone})."
