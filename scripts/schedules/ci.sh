# shellcheck shell=bash
# Part of prove-schedules. The jobs of GitHub and GitLab, night after night on fresh disks.

# A program that ends as asked, and a clock that says the night that is asked.
stub() { # PLACE
    mkdir -p "$1"
    cp "$SCRIPTS/stub" "$1/floodmark"
    printf '#!/bin/sh\n[ "$*" = "-u +%%F" ] && [ -e "%s/day" ] && exec cat "%s/day"\nexec /bin/date "$@"\n' "$1" "$1" > "$1/date"
    chmod +x "$1/date"
}

file_of() { # KIND
    case $1 in
        github) echo "$FOLDER/github/floodmark-nightly.yml" ;;
        gitlab) echo "$FOLDER/gitlab/floodmark-nightly.gitlab-ci.yml" ;;
    esac
}

job() { # KIND REPOSITORY PLACE PROGRAMS: runs it, and ends with its code
    mkdir -p "$3"
    PATH=$4:$PATH python3 "$SCRIPTS/jobs.py" "$1" "$(file_of "$1")" "$2" "$3"
}

measured() { if [ -e "$1/workspace/results/measured" ]; then wc -l < "$1/workspace/results/measured"; else echo 0; fi; }

# One night: the job ends with the program's code, measured once, and leaves its forms.
job_ends_with() { # KIND DAY CODE MEASURED
    local kind=$1 day=$2 code=$3 place=$WORK/$1/$2-$4 actual=0
    echo "$day" > "$WORK/$kind/stub/day"
    echo "$code" > "$WORK/$kind/stub/code"
    job "$kind" "$WORK/$kind/origin.git" "$place" "$WORK/$kind/stub" || actual=$?
    [ $actual = "$code" ] || { echo "the job ended with $actual"; return 1; }
    [ "$(measured "$place")" = "$4" ] || { echo "measured $(measured "$place") times"; return 1; }
    grep -q "$day" "$place/artifacts/floodmark.xml" || [ "$code" = 2 ] || [ "$code" = 4 ] || { echo "no JUnit"; return 1; }
    [ -e "$place/artifacts/floodmark.xml" ] || return 1
    case $kind$code in
        github*) [ -s "$place/summary.md" ] || { echo "no summary"; return 1; } ;;
        gitlab[013]) [ -s "$place/artifacts/floodmark.md" ] || { echo "no Markdown"; return 1; } ;;
    esac
}

job_stops() { # KIND DAY
    local place=$WORK/$1/stopped actual=0
    echo "$2" > "$WORK/$1/stub/day"
    echo stopped > "$WORK/$1/stub/code"
    job "$1" "$WORK/$1/origin.git" "$place" "$WORK/$1/stub" || actual=$?
    [ $actual = 3 ] && [ "$(measured "$place")" = 1 ]
}

history_has() { # KIND NIGHTS
    of_branch "$WORK/$1/origin.git" stub.jsonl
    [ "$(of_branch "$WORK/$1/origin.git" stub.jsonl | wc -l)" = "$2" ]
}

try_job() { # KIND
    local kind=$1 day=0 code
    repository_of "$kind"
    for code in 0 1 3 4 2 0; do
        day=$((day + 1))
        check "$kind" "a night that ends with $code: the job does, after one measurement, and keeps its artifacts" job_ends_with "$kind" "2030-01-0$day" $code 1
    done
    check "$kind" "started again the same day: shown again, not measured again" job_ends_with "$kind" "2030-01-0$day" 0 0
    check "$kind" "a night that was stopped before its end: the job ends with 3, and no other call goes on with it" job_stops "$kind" 2030-01-07
    check "$kind" "on fresh disks the branch has the four nights that gave an answer" history_has "$kind" 4
}

# gitlab-ci-local reads the file by itself, rules included, and runs what belongs to a pipeline of that kind.
pipeline() { # SOURCE ARGUMENTS...
    (cd "$WORK/pipeline" && PATH=$WORK/gitlab/stub:$PATH HOME=$WORK gitlab-ci-local --variable CI_PIPELINE_SOURCE="$1" --variable FLOODMARK_NIGHTLY=yes \
        --variable FLOODMARK_CLIENT_PROPERTIES="$WORK/client.properties" --variable CI_REPOSITORY_URL="file://$WORK/gitlab/origin.git" "${@:2}" < /dev/null)
}

# Its own exit code says nothing once a job has allow_failure: what it calls the job's end does.
pipeline_ends_with() { # CODE SAID DAY
    echo "$3" > "$WORK/gitlab/stub/day"
    echo "$1" > "$WORK/gitlab/stub/code"
    pipeline schedule 2>&1 | tee "$WORK/pipeline.log" || true
    grep -qE "floodmark-nightly finished in .*$2" "$WORK/pipeline.log" && of_branch "$WORK/gitlab/origin.git" stub.jsonl | grep "$3"
}

belongs_to_schedules_alone() {
    pipeline schedule --list | tee "$WORK/scheduled"
    pipeline push --list | tee "$WORK/pushed"
    grep -q '^floodmark-nightly' "$WORK/scheduled" && ! grep -q '^floodmark-nightly' "$WORK/pushed"
}

try_pipeline() {
    if ! has gitlab-ci-local; then
        left gitlab "not run by gitlab-ci-local: it needs npm, and rsync"
        return
    fi
    echo "$CLIENT_PROPERTIES" > "$WORK/client.properties"
    git clone --quiet "$WORK/gitlab/origin.git" "$WORK/pipeline"
    cp "$(file_of gitlab)" "$WORK/pipeline/.gitlab-ci.yml"
    git -C "$WORK/pipeline" add . && git -C "$WORK/pipeline" -c user.name=t -c user.email=t@t commit --quiet -m "A nightly"
    check gitlab "gitlab-ci-local has the job in a scheduled pipeline, and not in a push's" belongs_to_schedules_alone
    check gitlab "gitlab-ci-local: 0 passes, and is in the branch" pipeline_ends_with 0 " m?s *$" 2030-02-01
    check gitlab "gitlab-ci-local: 1 fails, and is in the branch" pipeline_ends_with 1 "FAIL 1" 2030-02-02
    check gitlab "gitlab-ci-local: 3 is a warning, and is in the branch" pipeline_ends_with 3 "WARN 3" 2030-02-03
}

repository_of() { # KIND
    mkdir "$WORK/$1"
    repository "$WORK/$1/origin.git"
    stub "$WORK/$1/stub"
}
