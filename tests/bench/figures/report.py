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
        self.took_s = {}  # by part
        self.began = time.time()

    def time(self, name, measure):
        began = time.monotonic()
        measure()
        self.took_s[name] = round(time.monotonic() - began, 1)

    def add(self, key, what, runs, unit="", at_most=None, at_least=None, note="", or_met=False):
        """One line. runs: the value of each alternating run; the median counts. or_met: another way to the goal, which the note tells."""
        value = median(runs)
        met = None
        if at_most is not None or at_least is not None:
            met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least) or or_met
        goal = f"≤ {show(at_most)}" if at_most is not None else f"≥ {show(at_least)}" if at_least is not None else ""
        row = {"key": key, "part": self.part, "what": what, "median": value, "unit": unit, "min": min(runs), "max": max(runs), "runs": runs,
               "goal": goal, "met": met, "note": note}
        self.rows.append(row)
        print(self.line(row), flush=True)

    @staticmethod
    def line(row):
        value = f"{show(row['median'])}{' ' + row['unit'] if row['unit'] else ''}"
        spread = f"{show(row['min'])}–{show(row['max'])}" if len(row["runs"]) > 1 else ""
        verdict = {True: "yes", False: "no", None: ""}[row["met"]]
        return f"| {row['what']} | {value} | {spread} | {row['goal']} | {verdict} | {row['note']} |"

    def merge(self, paths):
        """The figures of several runs; of those with one key the last one counts."""
        rows = {}
        for path in paths:
            with open(path, encoding="utf-8") as file:
                rows.update((row["key"], row) for row in json.load(file)["figures"])
        self.rows = sorted(rows.values(), key=lambda row: row["part"])

    def table(self):
        head = ["| figure | median | spread | goal | met | note |", "|---|---|---|---|---|---|"]
        return "\n".join(head + [self.line(row) for row in self.rows])

    def write(self, path, quick):
        machine = {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "kernel": platform.release(), "cpu": cpu_model()}
        tree = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)), "took_s": round(time.time() - self.began), "quick": quick,
                "parts_s": self.took_s, "machine": machine, "versions": versions(), "figures": self.rows}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tree, file, indent=1, ensure_ascii=False)


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((text.split(":", 1)[1].strip() for text in file if text.startswith("model name")), "unknown")


def versions():
    found = {}
    for name in ("redis-server", "psql", "node", "gcc"):
        try:
            found[name] = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
        except (OSError, subprocess.CalledProcessError):
            found[name] = "absent"
    return found
