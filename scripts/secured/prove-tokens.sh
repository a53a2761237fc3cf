# shellcheck shell=bash
# Part of prove-secured. Tokens that live shorter than a run, and a quota that holds a client back.

TOKEN_LIFE_S=12

# The broker ends a connection with its token (connections.max.reauth.ms), so a run that goes on has newer ones, in its producers, its
# observers and the client that asks about topics every second.
prove_tokens() {
    local door flags minted words
    for door in oauth oauth-tls-signed; do
        client_flags "$door" librdkafka
        flags=(--life "$TOKEN_LIFE_S")
        [ "$door" = oauth ] || flags+=(--key "$SECURITY/tokens.key")
        : >"$SECRETS/tokens-of-run"
        CLIENT[-1]="$(token_command "${flags[@]}") | tee -a $SECRETS/tokens-of-run"
        said run door.toml --duration 40s "${CLIENT[@]}" --out "$WORK/renewed-$door"
        minted=$(sort -u "$SECRETS/tokens-of-run" | wc -l)
        words="$door: 40 s with tokens of $TOKEN_LIFE_S s, $minted tokens: exit $CODE"
        if [ "$CODE" = 0 ] && [ "$minted" -ge 4 ]; then row ok "$words"; else row WRONG "$words"; fi
        once "$door" "${flags[@]}"
    done
}

# The proof can fail: with one token for all its life, the same run does not pass.
once() { # DOOR FLAGS...
    local command
    command="test ! -e $SECRETS/once-$1 || exit 9; touch $SECRETS/once-$1; $(token_command "${@:2}")"
    client_flags "$1" librdkafka
    CLIENT[-1]=$command
    said run door.toml --duration 20s --set drain=5s -X delivery.timeout.ms=4000 "${CLIENT[@]}" --out "$WORK/once-$1"
    # The lines of the result are wrapped.
    if [ "$CODE" != 0 ] && tr -s ' \n' ' ' <"$SAID" | grep -o 'the token command[^;]*exit code 9' >"$SECRETS/why"; then
        row ok "$1: with one token for 20 s: exit $CODE: $(head -1 "$SECRETS/why")"
    else
        row WRONG "$1: with one token for 20 s: exit $CODE"
    fi
}

prove_quota() {
    quota --add-config producer_byte_rate=30000
    client_flags sasl-tls-scram-512 librdkafka
    said run door.toml --duration 15s --set warmup=0s "${CLIENT[@]}" --out "$WORK/quota"
    quota --delete-config producer_byte_rate
    said show "$WORK/quota" --all
    if grep -q 'a quota held the client back' "$SAID"; then
        row ok "quota: exit $CODE: $(grep -m1 'a quota held' "$SAID")"
    else
        row WRONG "quota: exit $CODE"
    fi
}

quota() { # CHANGE
    scripts/kafka tool kafka.admin.ConfigCommand --bootstrap-server "127.0.0.1:$((PORT + 90))" --command-config "$SECURITY/admin.properties" \
        --alter --entity-type users --entity-name floodmark "$@" >/dev/null 2>&1
}
