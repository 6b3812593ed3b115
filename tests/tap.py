# SPDX-License-Identifier: BSD-2-Clause
"""Python's unittest, told as TAP: names are sentences, a failure's reason is a comment below its line."""
import sys
import time
import unittest


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def sentence(test):
    return test.id().rsplit(".", 1)[-1].removeprefix("test_").replace("_", " ")


class TapResult(unittest.TestResult):
    """One line a test, the reason of a failure as a comment below it."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def line(self, good, name, comment="", directive=""):
        self.number += 1
        self.bad += not good
        say(f"{'ok' if good else 'not ok'} {self.number} - {name}{directive}")
        for text in comment.splitlines():
            say("# " + text.encode("ascii", "backslashreplace").decode())

    def addSuccess(self, test):
        self.line(True, sentence(test), f"{time.monotonic() - self.started:.1f} s")

    def addFailure(self, test, err):
        self.line(False, sentence(test), self._exc_info_to_string(err, test))

    def addError(self, test, err):
        name = sentence(test) if isinstance(test, unittest.TestCase) else str(test)
        self.line(False, name, self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.line(False, f"{sentence(test)} {subtest._subDescription()}", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self.line(True, sentence(test), directive=f" # SKIP {reason}")


def main():
    """Runs the tests of the program itself."""
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]).run(result)
    say(f"1..{result.number}")
    return 1 if result.bad else 0
