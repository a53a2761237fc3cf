"""Runs the steps of packaging/action/action.yml in their order, as a runner does: with its inputs, conditions, outputs and variables.

Usage: action.py PLACE [NAME=VALUE...]   inputs by their names; PLACE gets workspace, summary.md, outputs and artifacts
The exit code is the job's.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ACTION = Path(__file__).resolve().parents[2] / "packaging/action"


class Runner:
    def __init__(self, place, given):
        self.action = yaml.safe_load((ACTION / "action.yml").read_text())
        self.place, self.workspace = place, place / "workspace"
        for folder in (self.workspace, place / "temporary"):
            folder.mkdir(parents=True)
        self.known = {"github.job": "load", "github.run_attempt": "1"}
        unknown = set(given) - set(self.action["inputs"])
        if unknown:
            raise SystemExit(f"the action has no input {', '.join(unknown)}")
        for name, said in self.action["inputs"].items():
            self.known[f"inputs.{name}"] = given.get(name, self.filled(said["default"]))
        self.path = os.environ["PATH"]
        self.code = 0

    def filled(self, text):
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: self.known[found[1]], text)

    def is_due(self, step):
        def holds(word):
            compared = re.fullmatch(r"([\w.-]+) != ''", word)
            return self.known[compared[1]] != "" if compared else {"always()": True, "success()": self.code == 0}[word]

        asked = step.get("if", "success()")
        words = [word.strip() for word in asked.split("&&")]
        return all(holds(word) for word in words if word != "success()") and (self.code == 0 or "always()" in words)

    def keep(self, step):
        asked = {name: self.filled(str(value)) for name, value in step["with"].items()}
        source = self.workspace / asked["path"]
        shutil.copytree(source, self.place / "artifacts" / asked["name"])

    def run(self, step):
        files = {name: self.place / name for name in ("outputs", "path")}
        for file in files.values():
            file.write_text("")
        environment = {name: self.filled(value) for name, value in step.get("env", {}).items()} | {
            "PATH": self.path,
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_OUTPUT": str(files["outputs"]),
            "GITHUB_PATH": str(files["path"]),
            "GITHUB_STEP_SUMMARY": str(self.place / "summary.md"),
            "RUNNER_TEMP": str(self.place / "temporary"),
        }
        script = self.place / "temporary/step.sh"
        script.write_text(self.filled(step["run"]))
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        ended = subprocess.run(command, cwd=self.workspace, env=os.environ | environment, stdin=subprocess.DEVNULL)
        for line in files["outputs"].read_text().splitlines():
            name, value = line.split("=", 1)
            self.known[f"steps.{step['id']}.outputs.{name}"] = value
        self.path = ":".join([*files["path"].read_text().split(), self.path])
        return ended.returncode

    def job(self):
        for step in filter(self.is_due, self.action["runs"]["steps"]):
            print(f"step: {step['name']}", flush=True)
            if "uses" in step:
                self.keep(step)
            else:
                self.code = self.code or self.run(step)
        for name, said in self.action["outputs"].items():
            print(f"output {name}={re.sub(r'[$][{][{] ([^ ]+) [}][}]', lambda found: self.known.get(found[1], ''), said['value'])}")
        return self.code


if __name__ == "__main__":
    sys.exit(Runner(Path(sys.argv[1]), dict(pair.split("=", 1) for pair in sys.argv[2:])).job())
