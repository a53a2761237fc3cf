# shellcheck shell=bash disable=SC2034
# Part of prove-schedules. Each file against its schema and by its linter.

fetch_checkers() {
    python3 -m venv "$WORK/venv"
    "$WORK/venv/bin/pip" install --quiet --disable-pip-version-check check-jsonschema==0.39.0 kubernetes-validate==1.37.0 PyYAML
    PATH=$WORK/venv/bin:$PATH
    if has go; then
        GOBIN=$WORK/venv/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 2> /dev/null || true
    fi
    if has npm && fetch_rsync; then
        npm install --silent --no-audit --no-fund --prefix "$WORK/npm" gitlab-ci-local@4.60.1 > /dev/null || true
        PATH=$WORK/npm/node_modules/.bin:$PATH
    fi
}

# gitlab-ci-local needs it.
fetch_rsync() {
    has rsync && return
    has apt-get && (cd "$WORK" && apt-get download -qq rsync && dpkg-deb -x rsync_*.deb rsync) > /dev/null 2>&1 || return
    PATH=$WORK/rsync/usr/bin:$PATH
    rsync --version > /dev/null
}

lint_files() {
    local version
    for version in 1.31 1.34 1.37; do
        check kubernetes "valid for Kubernetes $version (kubernetes-validate, strict)" kubernetes-validate --strict -k "$version" "$FOLDER/kubernetes/floodmark-nightly.yaml"
    done
    check github "valid by the published schema of workflows (check-jsonschema)" check-jsonschema --builtin-schema vendor.github-workflows "$FOLDER/github/floodmark-nightly.yml"
    check gitlab "valid by GitLab's published schema (check-jsonschema)" check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$FOLDER/gitlab/floodmark-nightly.gitlab-ci.yml"
    if has actionlint; then
        printf 'self-hosted-runner: { labels: [load-generator] }\n' > "$WORK/actionlint.yaml"
        check github "actionlint has nothing to say, shellcheck of its steps included" actionlint -config-file "$WORK/actionlint.yaml" "$FOLDER/github/floodmark-nightly.yml"
    else
        left github "actionlint could not be installed: it needs go"
    fi
    if has shellcheck; then check history-branch "shellcheck has nothing to say" shellcheck "$FOLDER/history-branch"; else left history-branch "there is no shellcheck"; fi
    if has systemd-analyze; then
        check systemd "systemd-analyze verify accepts the three units" verify_units
        check systemd "OnCalendar= is 02:00 UTC every night" next_is_two_utc
    else
        left systemd "there is no systemd-analyze"
    fi
    python3 "$SCRIPTS/jobs.py" limits "$FOLDER" || FAILED=yes
}

# The program need not be installed here for its unit to be right.
verify_units() {
    local units=$WORK/units
    mkdir "$units"
    cp "$FOLDER"/systemd/* "$units"
    sed -i "s|/usr/local/bin/floodmark|$(type -P true)|" "$units/floodmark-nightly.service"
    systemd-analyze verify --man=no "$units"/* 2> "$WORK/verified"
    cat "$WORK/verified"
    [ ! -s "$WORK/verified" ]
}

next_is_two_utc() {
    local calendar
    calendar=$(sed -n 's/^OnCalendar=//p' "$FOLDER/systemd/floodmark-nightly.timer")
    TZ=UTC systemd-analyze calendar "$calendar" | grep -q 'Next elapse: .* 02:00:00 UTC'
}
