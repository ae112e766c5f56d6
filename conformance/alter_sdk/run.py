"""Runs the tests of the named module and prints one JSON line about each, for the suite in Node."""

import json
import os
import sys
import time
import unittest


class Lines(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.began, self.failure = time.monotonic(), None

    def addError(self, test, error):
        self.failure = self._exc_info_to_string(error, test)
        if not isinstance(test, unittest.TestCase):  # a fixture of the class or the module
            self.tell(str(test), 0)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error:
            self.failure = f"{subtest}\n{self._exc_info_to_string(error, test)}"

    def stopTest(self, test):
        self.tell(test.id().rsplit(".", 1)[-1].removeprefix("test_").replace("_", " "), time.monotonic() - self.began)

    def tell(self, name, seconds):
        # Not to stdout: a test may print, and so may the library.
        told = {"name": name, "seconds": round(seconds, 3), "failure": self.failure}
        os.write(3, (json.dumps(told) + "\n").encode())


pattern = sys.argv[2] if len(sys.argv) > 2 else None
loader = unittest.TestLoader()
loader.testNamePatterns = [f"*{pattern}*"] if pattern else None
loader.loadTestsFromName(sys.argv[1]).run(Lines())
