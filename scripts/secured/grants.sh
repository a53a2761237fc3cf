# shellcheck shell=bash
# Part of scripts/kafka: the rights of the principals, and no more than they need. docs/clusters.md says which command needs which.

# Who comes without a login or certificate of its own, at the plain and the TLS listener, is ANONYMOUS: it may do what floodmark may.
grant_rights() {
    grant 'floodmark,ANONYMOUS,sender Write,Create topic floodmark' \
        'floodmark,ANONYMOUS,sender Write transactional-id floodmark' \
        'floodmark,ANONYMOUS,reader Read topic floodmark' \
        'floodmark,ANONYMOUS,sender,reader DescribeConfigs topic floodmark' \
        'floodmark,ANONYMOUS,reader Describe group floodmark' >"$SECURITY/grants.log" 2>&1 ||
        fail "cannot grant rights (log: $SECURITY/grants.log)"
}

# Each is PRINCIPALS OPERATIONS TYPE PREFIX, with commas between several.
grant() {
    run_java 256m "$RUN/tool-log4j2.properties" "$(dirname "${BASH_SOURCE[0]}")/Grants.java" "$SECURITY/admin.properties" "$@"
}
