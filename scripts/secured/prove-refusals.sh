# shellcheck shell=bash
# Part of prove-secured. What is said where the way in is wrong: within ten seconds, in one sentence, with exit code 4.

PATIENCE_S=10

prove_refusals() {
    local plain=127.0.0.1:$PORT tls=127.0.0.1:$((PORT + 10)) mutual=127.0.0.1:$((PORT + 20)) sasl=127.0.0.1:$((PORT + 30))
    local sasl_tls=127.0.0.1:$((PORT + 40)) signed=127.0.0.1:$((PORT + 60)) expired=127.0.0.1:$((PORT + 70)) elsewhere=127.0.0.1:$((PORT + 80))
    local ca=ssl.ca.location=$SECURITY/ca.pem key=$SECURITY/tokens.key mechanism
    echo wrong-4d1f9e2b >>"$SECRETS/wrong"
    openssl genrsa -out "$SECRETS/other.key" 2048 2>/dev/null
    stranger
    for mechanism in plain scram-256 scram-512 tls-plain tls-scram-256 tls-scram-512; do
        refused "wrong password, $mechanism" 'refuses the login' --client-config "$CLIENT_FILES/sasl-$mechanism.properties" -X sasl.password=wrong-4d1f9e2b
    done
    refused 'unknown user' 'refuses the login' --client-config "$CLIENT_FILES/sasl-scram-512.properties" -X sasl.username=nobody-knows
    refused 'another mechanism' 'does not take this sasl.mechanism, only PLAIN' -b "$sasl" -X security.protocol=sasl_plaintext --token-command "$(token_command)"
    refused 'unknown authority' 'floodmark test authority' --client-config "$CLIENT_FILES/tls.properties" -X "ssl.ca.location=$SECURITY/stranger.pem"
    refused "the system's authorities" 'which is not trusted here' -b "$tls" -X security.protocol=ssl
    refused 'expired certificate' 'its certificate expired on' -b "$expired" -X security.protocol=ssl -X "$ca"
    refused 'certificate of another host' 'its certificate is for elsewhere.example, not for 127.0.0.1' -b "$elsewhere" -X security.protocol=ssl -X "$ca"
    refused 'no client certificate' 'requires a client certificate' -b "$mutual" -X security.protocol=ssl -X "$ca"
    refused "a stranger's client certificate" 'requires a client certificate that it trusts' -b "$mutual" -X security.protocol=ssl -X "$ca" \
        -X "ssl.certificate.location=$SECRETS/stranger.pem" -X "ssl.key.location=$SECRETS/stranger.pem"
    refused 'TLS on a plain port' 'does not speak TLS on this port' -b "$plain" -X security.protocol=ssl -X "$ca"
    refused 'plain on a TLS port' 'as a TLS listener does' -b "$tls"
    refused 'no login where one is needed' 'as a listener that requires a login does' -b "$sasl"
    refused 'no login where one is needed, TLS' 'as a listener that requires a login does' -b "$sasl_tls" -X security.protocol=ssl -X "$ca"
    refused 'a login where none is taken' 'takes no login on this port' --client-config "$CLIENT_FILES/sasl-plain.properties" -b "$plain"
    refused 'a token of another key' 'refuses the token' -b "$signed" -X "$ca" -X security.protocol=sasl_ssl --token-command "$(token_command --key "$SECRETS/other.key")"
    refused 'a token for another audience' 'refuses the token' -b "$signed" -X "$ca" -X security.protocol=sasl_ssl \
        --token-command "$(token_command --key "$key" --claims "', \"aud\": \"elsewhere\"'")"
    refused 'an expired token' 'has expired already' -b "$signed" -X "$ca" -X security.protocol=sasl_ssl --token-command "$(token_command --key "$key" --life -60)"
    refused 'a token command that fails' 'ended with exit code 3' -b "$signed" -X "$ca" -X security.protocol=sasl_ssl --token-command 'echo wrong-4d1f9e2b; exit 3'
    refused 'a broker that is down' 'nothing listens there' -b 127.0.0.1:1
    refused 'a name that no host has' 'no host has that name' -b no-such-host.invalid:9092
}

stranger() { # a certificate that no broker trusts
    openssl req -x509 -new -key "$SECURITY/stranger.key" -days 2 -subj /CN=floodmark -out "$SECRETS/stranger.crt"
    cat "$SECRETS/stranger.crt" "$SECURITY/stranger.key" >"$SECRETS/stranger.pem"
}

refused() { # WHAT PHRASE FLAGS...
    local what=$1 phrase=$2 begun took_ms words
    shift 2
    begun=$(date +%s%N)
    said run door.toml --out "$WORK/refused-$RUNS" "$@"
    took_ms=$((($(date +%s%N) - begun) / 1000000))
    words=$(printf '%-34s exit %s, %d.%d s: %s' "$what" "$CODE" $((took_ms / 1000)) $((took_ms % 1000 / 100)) "$(first_error)")
    if [ "$CODE" = 4 ] && grep -qF "$phrase" "$SAID" && [ $took_ms -le $((PATIENCE_S * 1000 + 500)) ] && [ ! -e "$WORK/refused-$((RUNS - 1))" ]; then
        row ok "$words"
    else
        row WRONG "$words"
    fi
}
