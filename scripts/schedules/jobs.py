"""Does what a scheduler does with the files in examples/schedules: reads a job from them, and runs its commands as the scheduler would.

Usage: jobs.py github FILE REPOSITORY PLACE      runs the job in a fresh clone; PLACE gets workspace, artifacts and summary.md
       jobs.py gitlab FILE REPOSITORY PLACE      the same
       jobs.py kubernetes FILE FOLDER            writes the ConfigMap's files to FOLDER, and prints the container's command
       jobs.py limits FOLDER                     holds the time limits and what must not run twice against the suite's budget
The exit code of a job is the job's.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's booleans, which GitHub reads: `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def documents(file):
    return list(yaml.load_all(Path(file).read_text(), Loader))


def clone(repository, place):
    workspace = place / "workspace"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{repository}", workspace], check=True)
    return workspace


def keep(workspace, place, paths, left_out=()):
    """Copies what an artifact holds."""
    for path in filter(None, (path.strip() for path in paths)):
        source = workspace / path
        files = [source] if source.is_file() else [file for file in source.rglob("*") if file.is_file()]
        for file in files:
            name = file.relative_to(workspace)
            if not any(fnmatch.fnmatch(str(name), pattern) for pattern in left_out):
                target = place / "artifacts" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)


class GitHub:
    """The steps of a workflow's one job, in their order."""

    def __init__(self, file, repository, place):
        (self.job,) = documents(file)[0]["jobs"].values()
        self.repository, self.place = repository, place
        self.workspace = None
        self.outcomes = {}
        self.code = 0

    def is_due(self, step):
        asked = step.get("if", "success()")
        words = [word.strip() for word in asked.split("&&")]
        return all(self.holds(word) for word in words) and (self.code == 0 or "always()" in words)

    def holds(self, word):
        outcome = re.fullmatch(r"steps\.(\w+)\.outcome == '(\w+)'", word)
        if outcome:
            return self.outcomes.get(outcome[1]) == outcome[2]
        if word in ("always()", "success()"):
            return True
        raise SystemExit(f"github: the condition {word} is not known here")

    def filled(self, text):
        known = {
            "secrets.FLOODMARK_CLIENT_PROPERTIES": os.environ["CLIENT_PROPERTIES"],
            "github.run_id": "17",
            "github.run_attempt": "1",
        }
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: known[found[1]], text)

    def start(self, step):
        action = step.get("uses", "").split("@")[0]
        if action == "actions/checkout":
            self.workspace = clone(self.repository, self.place)
            return 0
        if action == "actions/upload-artifact":
            keep(self.workspace, self.place, step["with"]["path"].splitlines())
            return 0
        if action:
            raise SystemExit(f"github: the action {action} is not known here")
        environment = {name: self.filled(value) for name, value in step.get("env", {}).items()}
        temporary = self.place / "temporary"
        temporary.mkdir(exist_ok=True)
        environment |= {"RUNNER_TEMP": str(temporary), "GITHUB_STEP_SUMMARY": str(self.place / "summary.md")}
        script = temporary / "step.sh"
        script.write_text(self.filled(step["run"]))
        command = ["bash", "-e", script]
        return subprocess.run(command, cwd=self.workspace, env=os.environ | environment, stdin=subprocess.DEVNULL).returncode

    def run(self):
        for step in self.job["steps"]:
            if not self.is_due(step):
                continue
            code = self.start(step)
            self.outcomes[step.get("id")] = "failure" if code else "success"
            self.code = self.code or code
        return self.code


def gitlab(file, repository, place):
    """The lines of `script` in one shell, as the runner joins them."""
    (job,) = documents(file)[0].values()
    workspace = clone(repository, place)
    client = place / "client.properties"
    client.write_text(os.environ["CLIENT_PROPERTIES"])
    environment = {"CI_REPOSITORY_URL": f"file://{repository}", "FLOODMARK_CLIENT_PROPERTIES": str(client)}
    for name, value in job["variables"].items():
        environment[name] = re.sub(r"\$(\w+)", lambda found: environment[found[1]], value)
    script = place / "script.sh"
    script.write_text("\n".join(["set -eo pipefail", *job["script"]]))
    code = subprocess.run(["bash", script], cwd=workspace, env=os.environ | environment, stdin=subprocess.DEVNULL).returncode
    artifacts = job["artifacts"]
    if code == 0 or artifacts["when"] == "always":
        keep(workspace, place, [*artifacts["paths"], artifacts["reports"]["junit"]], artifacts["exclude"])
    return code


def of_kind(file, kind):
    (found,) = (document for document in documents(file) if document["kind"] == kind)
    return found


def kubernetes(file, folder):
    for name, text in of_kind(file, "ConfigMap")["data"].items():
        (folder / name).write_text(text)
    (container,) = of_kind(file, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    print("\n".join(container["command"] + container["args"]))


SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, " minutes": 60, "": 1}


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(\D*)", str(text)).groups()
    return int(number) * SECONDS[unit]


def limits(folder):
    """What holds for each file, beside its schema: (file, what is so, whether it is)."""
    with open(folder / "nightly.toml", "rb") as file:
        budget = seconds(tomllib.load(file)["budget"])

    def above(limit):
        return seconds(limit) >= budget + 20 * 60

    unit = (folder / "systemd/floodmark-nightly.service").read_text()
    setting = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
    yield "systemd", "TimeoutStartSec= is 20 minutes above the budget", above(setting["TimeoutStartSec"])
    yield "systemd", "1, 2 and 3 are not started again", setting["RestartPreventExitStatus"].split() == ["1", "2", "3"]

    workflow = documents(folder / "github/floodmark-nightly.yml")[0]
    (job,) = workflow["jobs"].values()
    yield "github", "timeout-minutes is 20 minutes above the budget", above(f"{job['timeout-minutes']}m")
    yield "github", "a night in progress is not cancelled", workflow["concurrency"]["cancel-in-progress"] is False
    yield "github", "it may write contents, and nothing else", workflow["permissions"] == {"contents": "write"}

    (job,) = documents(folder / "gitlab/floodmark-nightly.gitlab-ci.yml")[0].values()
    yield "gitlab", "timeout is 20 minutes above the budget", above(job["timeout"])
    yield "gitlab", "a red night is not retried, and nights do not overlap", job["retry"] == 0 and "resource_group" in job
    yield "gitlab", "only 3 is a warning", job["allow_failure"] == {"exit_codes": [3]}

    file = folder / "kubernetes/floodmark-nightly.yaml"
    cron = of_kind(file, "CronJob")["spec"]
    night = cron["jobTemplate"]["spec"]
    pod = night["template"]["spec"]
    suite = tomllib.loads(of_kind(file, "ConfigMap")["data"]["nightly.toml"])
    yield "kubernetes", "activeDeadlineSeconds is 20 minutes above the budget", above(night["activeDeadlineSeconds"]) and seconds(suite["budget"]) == budget
    yield "kubernetes", "a red night is not run again, and nights do not overlap", (night["backoffLimit"], pod["restartPolicy"], cron["concurrencyPolicy"]) == (0, "Never", "Forbid")
    mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    yield "kubernetes", "every volume is mounted", mounts == {volume["name"] for volume in pod["volumes"]}
    names = [document["metadata"]["name"] for document in documents(file)]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claimed = [volumes["suite"]["configMap"]["name"], volumes["results"]["persistentVolumeClaim"]["claimName"]]
    yield "kubernetes", "the ConfigMap and the claim that it mounts are in the file", set(claimed) <= set(names)


def main(what, *rest):
    if what == "limits":
        held = list(limits(Path(rest[0])))
        for file, text, is_so in held:
            print(f"{'ok    ' if is_so else 'FAILED'}  {file}: {text}")
        return 0 if all(is_so for _, _, is_so in held) else 1
    if what == "kubernetes":
        kubernetes(rest[0], Path(rest[1]))
        return 0
    file, repository, place = rest
    if what == "github":
        return GitHub(file, repository, Path(place)).run()
    return gitlab(file, repository, Path(place))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
