# shellcheck shell=bash
# Part of prove-install: what needs no root.

size() { stat -c %s "$1"; }

from_tarball_to_verdict() {
    mkdir -p "$WORK/there"
    tar --extract --gzip --file "$TARBALL" --directory "$WORK/there" --strip-components=1
    first_verdict "$WORK/there" ./floodmark
}

try_tarball() {
    check tarball "the sums of $PACKAGE hold" bash -c "cd '$PACKAGE' && sha256sum --check --quiet SHA256SUMS"
    ok tarball "$(size "$TARBALL") bytes; the program $(size "$FLOODMARK"), the .deb $(size "$DEB")"
    check tarball "unpacked, and a run of 5 s judged" from_tarball_to_verdict
}

page_is_sound() { # FILE: neither formatter has a word to say, and man finds name and purpose
    local said
    said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 > /dev/null)
    [ -z "$said" ] || { echo "$1: $said"; return 1; }
    mandoc -T lint -W error "$1" || return 1
    lexgrog "$1" > /dev/null || { echo "$1: man finds no name in it"; return 1; }
}

pages_are_sound() { for page in "$WORK"/tarball/man/man1/*.1; do page_is_sound "$page" || return 1; done; }

# Every command in the help of every command, by asking the program.
commands_below() { # COMMAND...
    local name
    "$FLOODMARK" "$@" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]\+\) .*/\1/p' | while read -r name; do
        [ "$name" != help ] || continue
        echo "$*${1:+ }$name"
        commands_below "$@" "$name"
    done
}

each_command_has_its_page() {
    local command count=1
    while read -r command; do
        count=$((count + 1))
        [ -s "$WORK/tarball/man/man1/floodmark-${command// /-}.1" ] || { echo "no page of floodmark $command"; return 1; }
    done < <(commands_below)
    [ "$count" = "$(find "$WORK/tarball/man/man1" -name '*.1' | wc -l)" ]
}

try_pages() {
    if ! has mandoc || ! has man; then
        left pages "they need man and mandoc"
        return
    fi
    check pages "each command has its page, the nested ones too" each_command_has_its_page
    check pages "man and mandoc read each without a warning or an error" pages_are_sound
}

completes() { # WORDS-SHOWN: the commands are among them
    local command
    for command in run capacity nightly; do grep -qw "$command" <<< "$1" || { echo "$command is missing in: $1"; return 1; }; done
}

# shellcheck disable=SC2016  # the shell's own words
bash_completes() {
    completes "$(bash --norc -c '. "$1" && COMP_WORDS=(floodmark "") COMP_CWORD=1 && _floodmark floodmark "" floodmark && echo "${COMPREPLY[*]}"' - "$WORK/tarball/completions/floodmark.bash")"
}
fish_completes() { completes "$(HOME=$WORK fish --no-config -c "source '$WORK/tarball/completions/floodmark.fish'; complete -C 'floodmark '")"; }
zsh_loads() { zsh -fc "fpath=('$WORK/tarball/completions' \$fpath); autoload -U compinit; compinit -D -u; [[ \$_comps[floodmark] = _floodmark ]] && autoload +X _floodmark"; }

try_completions() {
    check completions "bash offers the commands" bash_completes
    if has zsh; then check completions "zsh finds and loads them" zsh_loads; else left completions "no zsh here"; fi
    if has fish; then check completions "fish offers the commands" fish_completes; else left completions "no fish here"; fi
}

python_with() { # PACKAGES...
    [ -d "$WORK/venv" ] || python3 -m venv "$WORK/venv"
    "$WORK/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

sbom_is_valid() {
    python_with 'cyclonedx-python-lib[json-validation]==11.6.0'
    "$WORK/venv/bin/python" - "$WORK/tarball/floodmark.cdx.json" <<'PYTHON'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
PYTHON
}

sbom_names_every_crate() {
    local missing
    missing=$(comm -13 <(jq -r '.components[] | .name + " " + .version' "$WORK/tarball/floodmark.cdx.json" | sort) \
        <(cargo tree --locked --edges normal --features vendored --prefix none --format '{p}' | awk 'NF > 1 && $1 != "floodmark" { print $1, substr($2, 2) }' | sort -u))
    [ -z "$missing" ] || { echo "not in the SBOM: $missing"; return 1; }
}

try_sbom() {
    check sbom "valid by the schema of CycloneDX 1.5" sbom_is_valid
    check sbom "every crate of the program stands in it" sbom_names_every_crate
}

action() { # PLACE CODES INPUTS...: 0, or 0|3
    local place=$WORK/action/$1 wanted=$2 code=0
    shift 2
    "$WORK/venv/bin/python" scripts/install/action.py "$place" "$@" || code=$?
    [[ $code =~ ^($wanted)$ ]] || { echo "the job ended with $code, not $wanted"; return 1; }
}

action_judges() { # PLACE CODES SAID INPUTS...: the summary and the artifact say it
    local said=$3
    action "$1" "$2" "${@:4}" || return 1
    grep -qi -- "$said" "$WORK/action/$1/summary.md" || { cat "$WORK/action/$1/summary.md"; return 1; }
    [ -s "$WORK/action/$1/artifacts/floodmark-load-1/floodmark.xml" ]
}

# A night is void, too, where the machine is busy with other things: 3 is an answer.
action_judges_a_night() { # INPUTS...
    local folder=$WORK/suite
    mkdir -p "$folder"
    printf '%s\n' 'name = "smoke"' 'budget = "3m"' 'repetitions = 1' '[[profile]]' 'file = "load.toml"' > "$folder/nightly.toml"
    printf '%s\n' 'duration = "5s"' 'warmup = "1s"' '[[stream]]' 'name = "orders"' 'rate = "200/s"' > "$folder/load.toml"
    action_judges night '0|3' smoke suite="$folder/nightly.toml" "$@"
}

try_action() {
    local sum args
    python_with check-jsonschema==0.39.0 PyYAML
    mkdir -p "$WORK/action"
    sum=$(sha256sum "$TARBALL" | cut -d ' ' -f 1)
    args=$'--duration\n6s\n--set\nwarmup=1s\n--quiet'
    check action "valid by the published schema" "$WORK/venv/bin/check-jsonschema" --builtin-schema vendor.github-actions packaging/action/action.yml
    check action "fetches the tarball, runs, and tells the summary" action_judges good 0 pass url="file://$TARBALL" sha256="$sum" profile=average arguments="$args"
    check action "a broken limit ends the job with 1, and the results are kept" \
        action_judges broken 1 fail url="file://$TARBALL" sha256="$sum" profile=average arguments="$args"$'\n--set\nstream.0.slo.ack_p99=1us'
    check action "a wrong sum is not unpacked" action wrong 1 url="file://$TARBALL" sha256="${sum//[0-9]/0}" profile=average
    check action "a profile that there is not ends the job with 2, and the summary says so" action_judges none 2 'not measured' url="file://$TARBALL" sha256="$sum" profile=nothing
    check action "a suite's night is judged, and told the summary" action_judges_a_night url="file://$TARBALL" sha256="$sum"
    left action "not run by GitHub's runner: its steps were, in order, with the variables that it sets"
}
