# SPDX-License-Identifier: BSD-2-Clause
"""Python's unittest, told as TAP: names are sentences, a failure's reason is a comment below its line."""
import ast
import glob
import os
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


class NamesOnly(ast.NodeVisitor):
    """The tests of a file, without importing it: its modules may not be installed here."""

    def __init__(self):
        self.names = []

    def visit_FunctionDef(self, node):  # pylint: disable=invalid-name
        if node.name.startswith("test_"):
            self.names.append(node.name)


# ---- groups: files test_GROUP.py in a folder ----


def chosen(folder, arguments):
    """GROUP[.Case[.test]]... as given, or every group of the folder."""
    groups = sorted(os.path.basename(path)[5:-3] for path in glob.glob(os.path.join(folder, "test_*.py")))
    unknown = [group for group in arguments if group.split(".")[0] not in groups]
    if unknown:
        sys.exit(f"no such group: {' '.join(unknown)}; there are: {' '.join(groups)}")
    return arguments or groups


def skip_everything(folder, groups, reason):
    number = 0
    for group in groups:
        with open(os.path.join(folder, f"test_{group.split('.')[0]}.py"), encoding="utf-8") as source:
            visitor = NamesOnly()
            visitor.visit(ast.parse(source.read()))
        for name in visitor.names:
            number += 1
            say(f"ok {number} - {name.removeprefix('test_').replace('_', ' ')} # SKIP {reason}")
    say(f"1..{number}")


def load(groups):
    loader = unittest.TestLoader()
    return unittest.TestSuite(loader.loadTestsFromName(f"test_{group}") for group in groups)


def main():
    """Runs the tests of the program itself."""
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]).run(result)
    say(f"1..{result.number}")
    return 1 if result.bad else 0
