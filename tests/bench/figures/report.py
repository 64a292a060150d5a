"""Figures: collected while the run goes on, printed as one table, kept as JSON."""
import json
import os
import platform
import statistics
import subprocess
import time


def median(values):
    return statistics.median(values)


def show(number):
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


class Report:
    def __init__(self):
        self.rows = []
        self.part = 0  # of the table, that the rows to come belong to
        self.began = time.time()

    def add(self, key, what, runs, unit="", at_most=None, at_least=None, note=""):
        """One line. runs: the value of each alternating run; the median counts."""
        value = median(runs)
        met = None
        if at_most is not None or at_least is not None:
            met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        goal = f"≤ {show(at_most)}" if at_most is not None else f"≥ {show(at_least)}" if at_least is not None else ""
        row = {"key": key, "part": self.part, "what": what, "median": value, "unit": unit, "min": min(runs), "max": max(runs), "runs": runs, "goal": goal,
               "met": met, "note": note}
        self.rows.append(row)
        print(self.line(row), flush=True)

    @staticmethod
    def line(row):
        value = f"{show(row['median'])}{' ' + row['unit'] if row['unit'] else ''}"
        spread = f"{show(row['min'])}–{show(row['max'])}" if len(row["runs"]) > 1 else ""
        verdict = {True: "yes", False: "no", None: ""}[row["met"]]
        return f"| {row['what']} | {value} | {spread} | {row['goal']} | {verdict} | {row['note']} |"

    def find(self, key):
        return next((row for row in self.rows if row["key"] == key), None)

    def table(self):
        head = ["| figure | median | spread | goal | met | note |", "|---|---|---|---|---|---|"]
        return "\n".join(head + [self.line(row) for row in self.rows])

    def write(self, path, quick):
        machine = {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "kernel": platform.release(), "cpu": cpu_model()}
        tree = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)), "took_s": round(time.time() - self.began), "quick": quick,
                "machine": machine, "versions": versions(), "figures": self.rows}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tree, file, indent=1, ensure_ascii=False)


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((text.split(":", 1)[1].strip() for text in file if text.startswith("model name")), "unknown")


def versions():
    found = {}
    for name in ("redis-server", "node", "gcc"):
        try:
            found[name] = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
        except (OSError, subprocess.CalledProcessError):
            found[name] = "absent"
    return found
