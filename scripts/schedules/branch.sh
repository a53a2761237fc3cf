# shellcheck shell=bash
# Part of prove-schedules. history-branch, with two machines and a repository that cannot be reached.

repository() { # PLACE: a repository with the files that a CI job needs
    local place=$1 seed=$1.seed
    git init --quiet --bare --initial-branch=main "$place"
    git init --quiet --initial-branch=main "$seed"
    mkdir "$seed/nightly"
    cp "$FOLDER/history-branch" profiles/average.toml "$seed/nightly/"
    cp "${SUITE:-$FOLDER/nightly.toml}" "$seed/nightly/nightly.toml"
    printf '/results/\n' > "$seed/.gitignore"
    git -C "$seed" add . && git -C "$seed" -c user.name=t -c user.email=t@t commit --quiet -m "A service and its nightly"
    git -C "$seed" push --quiet "$place" main
}

of_branch() { git -C "$1" show "floodmark-history:$2"; } # REPOSITORY FILE

keeps_two_machines_nights() {
    local origin=$WORK/two.git machine
    repository "$origin"
    for machine in a b; do
        git clone --quiet "$origin" "$WORK/$machine"
        (cd "$WORK/$machine" && nightly/history-branch restore results)
    done
    for machine in a b; do
        echo "$machine 1" > "$WORK/$machine/results/history/$machine.jsonl"
        echo "$machine 1" > "$WORK/$machine/results/history/both.jsonl"
    done
    for machine in a b; do (cd "$WORK/$machine" && nightly/history-branch save results); done
    [ "$(of_branch "$origin" a.jsonl)" = "a 1" ] && [ "$(of_branch "$origin" b.jsonl)" = "b 1" ] || return 1
    of_branch "$origin" both.jsonl
    [ "$(of_branch "$origin" both.jsonl | sort | tr '\n' ' ')" = "a 1 b 1 " ]
}

never_removes_a_night() {
    rm "$WORK/a/results/history/a.jsonl"
    (cd "$WORK/a" && nightly/history-branch save results)
    [ "$(of_branch "$WORK/two.git" a.jsonl)" = "a 1" ]
}

keeps_what_was_not_pushed() {
    local code=0
    echo "b 2" >> "$WORK/b/results/history/b.jsonl"
    (cd "$WORK/b" && HISTORY_REMOTE=$WORK/nowhere.git nightly/history-branch save results) || code=$?
    [ $code = 4 ] || return 1
    (cd "$WORK/b" && nightly/history-branch restore results && nightly/history-branch save results)
    [ "$(of_branch "$WORK/two.git" b.jsonl | tr '\n' ' ')" = "b 1 b 2 " ]
}

outlives_a_cleaned_workspace() {
    (cd "$WORK/b" && git clean -ffdxq && nightly/history-branch restore results)
    [ "$(tr '\n' ' ' < "$WORK/b/results/history/b.jsonl")" = "b 1 b 2 " ]
}

does_not_begin_anew() {
    local code=0
    git clone --quiet "$WORK/two.git" "$WORK/c"
    (cd "$WORK/c" && HISTORY_REMOTE=$WORK/nowhere.git nightly/history-branch restore results) || code=$?
    [ $code = 4 ] && [ ! -e "$WORK/c/results/history" ]
}

try_history_branch() {
    check history-branch "nights of two machines that push at the same time all stay, also in one file" keeps_two_machines_nights
    check history-branch "a file that is gone stays in the branch" never_removes_a_night
    check history-branch "a night that could not be pushed (exit code 4) is pushed with the next" keeps_what_was_not_pushed
    check history-branch "a workspace that was cleaned between jobs gets all of it back" outlives_a_cleaned_workspace
    check history-branch "a repository that cannot be reached is no empty history: exit code 4" does_not_begin_anew
}
