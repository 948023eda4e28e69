"""Runs bench/compare on files made for it."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

COMPARE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compare")


def run_of(ratios):
    rows = [{"name": "A/1", "run_name": "A/1", "run_type": "iteration",
             "ratio": ratio} for ratio in ratios]
    rows.append({"name": "A/1_mean", "run_name": "A/1",
                 "run_type": "aggregate", "ratio": 1000})
    return {"benchmarks": rows}


class CompareTest(unittest.TestCase):
    def compare(self, before, after):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, content in (("b", before), ("a", after)):
                paths.append(os.path.join(folder, name))
                with open(paths[-1], "w", encoding="utf-8") as file:
                    file.write(content)
            return subprocess.run([sys.executable, COMPARE, *paths],
                                  capture_output=True, text=True, check=False)

    def test_medians_are_divided(self):
        result = self.compare(json.dumps(run_of([1, 2, 90])),
                              json.dumps(run_of([3, 1, 3])))
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.split(), ["A/1", "2", "3", "1.500"])

    def test_nothing_in_common_is_an_error(self):
        result = self.compare(json.dumps(run_of([1])),
                              json.dumps({"benchmarks": []}))
        self.assertEqual(result.returncode, 2)
        self.assertIn("no benchmark", result.stderr)

    def test_what_is_no_json_is_an_error(self):
        self.assertEqual(self.compare("{", "{").returncode, 2)


if __name__ == "__main__":
    unittest.main()
