# shellcheck shell=bash
# Part of prove-secured. Secrets given in every way, for commands that work and that are refused, with the result in every form; then a search
# for them in all that any part of the proof has written and printed, and in the processes that floodmark starts.

prove_leaks() {
    local way form outcome doors=0
    for way in flag file environment folder command; do
        for form in text json junit markdown; do
            for outcome in accepted refused; do
                doors=$((doors + 1))
                "give_by_$way" "$outcome"
                said run door.toml --duration 1s --format "$form" "${CLIENT[@]}" --out "$WORK/leak-$doors"
                unset CONFIG FLOODMARK_BROKERS FLOODMARK_X_SECURITY_PROTOCOL FLOODMARK_X_SASL_MECHANISM FLOODMARK_X_SASL_USERNAME FLOODMARK_X_SASL_PASSWORD
                check_door "$way $form $outcome"
            done
        done
    done
    children
    search "$doors"
}

check_door() { # WORDS
    case $1:$CODE in
        *accepted:[013] | *refused:4) row ok "$1: exit $CODE" ;;
        *) row WRONG "$1: exit $CODE" ;;
    esac
}

password_for() { if [ "$1" = accepted ]; then cat "$SECURITY/floodmark.password"; else tee -a "$SECRETS/wrong" <<<wrong-77aa01c3; fi; }

give_by_flag() {
    CLIENT=(-b "127.0.0.1:$((PORT + 30))" -X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN -X sasl.username=floodmark -X "sasl.password=$(password_for "$1")")
}

give_by_file() {
    sed "s/password=\"[^\"]*\"/password=\"$(password_for "$1")\"/" "$CLIENT_FILES/sasl-scram-512.properties" >"$SECRETS/client.properties"
    CLIENT=(--client-config "$SECRETS/client.properties")
}

give_by_environment() {
    CLIENT=()
    export FLOODMARK_BROKERS=127.0.0.1:$((PORT + 30)) FLOODMARK_X_SECURITY_PROTOCOL=sasl_plaintext FLOODMARK_X_SASL_MECHANISM=SCRAM-SHA-256 \
        FLOODMARK_X_SASL_USERNAME=floodmark FLOODMARK_X_SASL_PASSWORD
    FLOODMARK_X_SASL_PASSWORD=$(password_for "$1")
}

give_by_folder() {
    CLIENT=()
    CONFIG=$SECRETS/floodmark.toml
    cat >"$CONFIG" <<TOML
brokers = "127.0.0.1:$((PORT + 30))"
[properties]
security.protocol = "sasl_plaintext"
sasl.mechanism = "PLAIN"
sasl.username = "floodmark"
sasl.password = "$(password_for "$1")"
TOML
}

give_by_command() {
    local key=$SECURITY/tokens.key
    [ "$1" = accepted ] || { key=$SECRETS/foreign.key; openssl genrsa -out "$key" 2048 2>/dev/null; }
    CLIENT=(-b "127.0.0.1:$((PORT + 60))" -X security.protocol=sasl_ssl -X "ssl.ca.location=$SECURITY/ca.pem" --token-command "$(token_command --key "$key")")
}

# The runs of a sweep are processes of their own: none has a secret in its arguments, which everybody on the machine may read.
children() {
    local watched
    give_by_flag accepted
    (while :; do
        for arguments in /proc/[0-9]*/cmdline; do
            { tr '\0' ' ' <"$arguments" | grep -F "$FLOODMARK run"; } 2>/dev/null || true
        done >>"$WORK/said/children"
        sleep 0.2
    done) &
    watched=$!
    said sweep door.toml --vary linger.ms=0,5 --repeat 1 --duration 2s "${CLIENT[@]}" --out "$WORK/children"
    kill "$watched"
    wait "$watched" 2>/dev/null || true
    if came_about && [ -s "$WORK/said/children" ]; then
        row ok "a sweep's runs, seen $(wc -l <"$WORK/said/children") times in the list of processes"
    else
        row WRONG "a sweep's runs: exit $CODE"
    fi
}

# Of a token, its signature: the rest is the same for everybody. Of a key, its second line.
search() { # DOORS
    local secret leaks=0 files
    {
        cat "$SECURITY"/*.password
        cat "$SECRETS/wrong" 2>/dev/null || true
        cut -d . -f 3 "$SECRETS"/tokens* 2>/dev/null || true
        sed -n 2p "$SECURITY/tokens.key" "$SECURITY/ca.key"
    } | grep -E '.{12}' | sort -u >"$SECRETS/all"
    files=$(find "$WORK" -type f | wc -l)
    # A search that finds nothing must be able to find something.
    head -1 "$SECRETS/all" >"$WORK/planted"
    grep -rlF -e "$(head -1 "$SECRETS/all")" "$WORK" | grep -qx "$WORK/planted" || row WRONG 'a secret that was put there is not found'
    rm "$WORK/planted"
    while read -r secret; do
        if grep -rlF -e "$secret" "$WORK" >"$SECRETS/found"; then
            leaks=$((leaks + 1))
            row WRONG "a secret stands in $(wc -l <"$SECRETS/found") of the files, as in $(head -1 "$SECRETS/found")"
        fi
    done <"$SECRETS/all"
    [ "$leaks" -gt 0 ] || row ok "$1 doors, $leaks leaks: $(wc -l <"$SECRETS/all") secrets in none of $files files and outputs"
}
