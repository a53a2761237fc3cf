# shellcheck shell=bash
# Part of scripts/kafka: the authority, the certificates that it signs, and the key pair of signed tokens. They last for thirty days.

CERTIFICATE_DAYS=30

make_certificates() {
    need_openssl
    (
        umask 077
        mkdir -p "$SECURITY/clients"
        cd "$SECURITY" || exit 1
        authority ca 'floodmark test authority'
        authority stranger 'an authority that nobody trusts'
        certificate broker "$CERTIFICATE_DAYS" 'DNS:localhost,IP:127.0.0.1,IP:::1'
        certificate expired -1 'DNS:localhost,IP:127.0.0.1'
        certificate elsewhere "$CERTIFICATE_DAYS" 'DNS:elsewhere.example'
        for principal in "${PRINCIPALS[@]}"; do certificate "$principal" "$CERTIFICATE_DAYS" ''; done
        token_keys
    )
}

need_openssl() { command -v openssl >/dev/null || fail "no openssl found to make certificates: install it (Debian: apt-get install openssl)"; }

quietly() { "$@" >>openssl.log 2>&1 || fail "openssl could not make the certificates (log: $SECURITY/openssl.log)"; }

new_key() { # FILE
    quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1"
}

authority() { # NAME SUBJECT
    new_key "$1.key"
    quietly openssl req -x509 -new -key "$1.key" -days "$CERTIFICATE_DAYS" -subj "/CN=$2" -out "$1.pem"
}

# NAME.pem holds certificate and key, as Kafka and librdkafka both read them.
certificate() { # NAME DAYS ALTERNATIVE_NAMES
    new_key "$1.key"
    quietly openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf '%s\n' "basicConstraints=CA:FALSE" ${3:+"subjectAltName=$3"} >"$1.ext"
    quietly openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" -extfile "$1.ext" -out "$1.crt"
    cat "$1.crt" "$1.key" >"$1.pem"
    rm "$1.csr" "$1.ext" "$1.crt" "$1.key"
}

# The public half as a set of JSON web keys, which the brokers read.
token_keys() {
    local modulus
    quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out tokens.key
    modulus=$(openssl rsa -in tokens.key -noout -modulus | sed 's/^Modulus=//; s/../\\x&/g')
    # shellcheck disable=SC2059  # the bytes of the modulus are the format
    printf '{"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "tokens", "e": "AQAB", "n": "%s"}]}\n' \
        "$(printf "$modulus" | openssl base64 -A | tr '+/' '-_' | tr -d =)" >keys.json
}
