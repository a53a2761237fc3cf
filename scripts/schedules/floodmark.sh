# shellcheck shell=bash disable=SC2034
# Part of prove-schedules. Each schedule once with floodmark itself.

# One short run on the embedded broker, with a limit that cannot be kept: it ends with 1 on a busy machine, too.
suite_that_ends_with() { # CODE
    printf 'name = "trial"\nrepetitions = 1\n'
    case $1 in
        2) echo 'no_such_key = 1' ;;
        4) echo 'cluster = "none"' ;;
    esac
    printf '[[profile]]\nfile = "average.toml"\nduration = "5s"\nset = ["warmup=1s", "stream.orders.slo.end_to_end_p99=1us"]\n'
}

# Everything is right in a suite that is only refused because it takes longer than a second.
takes_longer_than_a_second() { # SUITE
    sed '/^cluster/d' "$1" > "$WORK/understood.toml"
    sed -i "s|\.\./\.\./profiles|$PWD/profiles|" "$WORK/understood.toml"
    cp "$(dirname "$1")/average.toml" "$WORK" 2> /dev/null || true
    "$FLOODMARK" nightly "$WORK/understood.toml" --results "$WORK/understood" --budget 1s 2>&1 | tee "$WORK/refused"
    grep 'takes about' "$WORK/refused"
}

real_job_ends_with() { # KIND CODE WORD
    local kind=$1 code=$2 real=$WORK/real-$1-$2 actual=0
    mkdir -p "$real/bin"
    ln -s "$FLOODMARK" "$real/bin/floodmark"
    SUITE=$WORK/suite-$code repository "$real/origin.git"
    job "$kind" "$real/origin.git" "$real/first" "$real/bin" || actual=$?
    [ $actual = "$code" ] || { echo "the job ended with $actual"; return 1; }
    grep "<$3" "$real/first/artifacts/floodmark.xml" || { echo "no $3 in JUnit"; return 1; }
}

real_job_keeps_its_night() { # KIND
    local real=$WORK/real-$1-1 again=0
    grep -qs '^## FAIL' "$real/first/summary.md" "$real/first/artifacts/floodmark.md" || { echo "no summary"; return 1; }
    git -C "$real/origin.git" ls-tree -r --name-only floodmark-history > "$real/files"
    cat "$real/files"
    grep -q 'jsonl$' "$real/files" || return 1
    if grep -qv 'jsonl$' "$real/files"; then return 1; fi
    job "$1" "$real/origin.git" "$real/second" "$real/bin" || again=$?
    [ $again = 1 ] && [ -z "$(find "$real/second/workspace/results" -name summary.json)" ]
}

# In the unit's sandbox: it writes its results, and reads the state of the clock.
real_unit_breaks_a_limit() {
    boot || return 1
    inside systemctl start floodmark-nightly.service || true
    until_so inside test -e /tmp/mailed || { inside journalctl --no-pager --output=cat --lines=30; return 1; }
    inside cat /tmp/mailed | tee "$WORK/mail"
    [ "$(property floodmark-nightly.service ExecMainStatus)" = 1 ] && grep -q '^FAIL' "$WORK/mail" || return 1
    inside find /var/lib/floodmark -name '*.jsonl' | grep history || return 1
    inside find /var/lib/floodmark -name manifest.toml -exec grep -h -m1 '^maximum_error_us' {} + | grep '[0-9]'
}

real_command_breaks_a_limit() { # KIND
    local tree command code=0
    tree=$(tree "real-$1")
    mkdir "$tree/lib"
    command=$(command_of "$1")
    PATH=$tree/usr/local/bin:$PATH sh -c "$(here "$tree" <<< "$command")" || code=$?
    [ $code = 1 ] && find "$tree/lib/history" -name '*.jsonl' | grep .
}

real_pod_breaks_a_limit() {
    pod_ends_with 1 > "$WORK/pod" 2>&1 || { cat "$WORK/pod"; return 1; }
    grep '^history$' "$WORK/pod" && grep '^FAIL' "$WORK/pod"
}

try_floodmark() {
    local kind code
    if [ -z "$FLOODMARK" ] || ! "$FLOODMARK" nightly --help > /dev/null 2>&1; then
        left all "floodmark itself was not started: FLOODMARK names no program with the command nightly"
        return
    fi
    for code in 1 2 4; do suite_that_ends_with $code > "$WORK/suite-$code"; done
    check nightly.toml "floodmark understands it" takes_longer_than_a_second "$FOLDER/nightly.toml"
    mkdir "$WORK/suite"
    python3 "$SCRIPTS/jobs.py" kubernetes "$FOLDER/kubernetes/floodmark-nightly.yaml" "$WORK/suite" > "$WORK/command"
    check kubernetes "floodmark understands the suite and the profile of the ConfigMap" takes_longer_than_a_second "$WORK/suite/nightly.toml"
    local PATIENCE=120 SUITE=$WORK/suite-1 PROGRAM=$FLOODMARK
    for kind in github gitlab; do
        CLIENT_PROPERTIES=linger.ms=5 check $kind "floodmark breaks a limit: the job ends with 1, a failure in JUnit" real_job_ends_with $kind 1 failure
        CLIENT_PROPERTIES=linger.ms=5 check $kind "its lines alone are in the branch, its summary is there, and a second job shows it again" real_job_keeps_its_night $kind
        CLIENT_PROPERTIES=linger.ms=5 check $kind "floodmark refuses the suite: 2, an error in JUnit" real_job_ends_with $kind 2 error
        check $kind "floodmark reaches no broker: 4, an error in JUnit" real_job_ends_with $kind 4 error
    done
    local CLIENT_PROPERTIES=linger.ms=5
    check cron "floodmark breaks a limit: the command ends with 1, and there is a history" real_command_breaks_a_limit cron
    if can_have_machines && [ -x /lib/systemd/systemd ]; then
        check systemd "floodmark breaks a limit in the unit's sandbox: mailed, with a history and the clock's state" real_unit_breaks_a_limit
        end_machine
    else
        check systemd "floodmark breaks a limit: the command of ExecStart= ends with 1, and there is a history" real_command_breaks_a_limit systemd
    fi
    if can_have_machines; then check kubernetes "floodmark breaks a limit in the pod: 1, on a read-only root" real_pod_breaks_a_limit; fi
}
