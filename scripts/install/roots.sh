# shellcheck shell=bash
# Part of prove-install: a fresh Debian, and the container. Both need root.

fresh_root() { # FOLDER
    if [ -n "${CLEAN_ROOT:-}" ]; then
        cp -a "$CLEAN_ROOT" "$1"
    else
        debootstrap --variant=minbase bookworm "$1"
    fi
    cp /etc/resolv.conf "$1/etc/"
}

# In namespaces of its own: what is mounted there goes with them. On stdin, a script.
inside() { # ROOT
    # shellcheck disable=SC2016  # the inner shell's words
    unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" 2> /dev/null; exec chroot "$1" sh -eu' - "$1"
}

installs() { # ROOT
    cp "$DEB" "$1/tmp/floodmark.deb"
    inside "$1" <<'SH'
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends /tmp/floodmark.deb > /dev/null
floodmark --version
useradd --create-home loader
SH
}

judges_as_a_user() { # ROOT
    inside "$1" <<'SH'
code=0
su loader -c 'cd && floodmark run average --duration 5s --quiet' || code=$?
case $code in 0 | 1 | 3) ;; *) exit 1 ;; esac
ls /home/loader/results/*/summary.json
SH
}

has_its_pages() { # ROOT
    inside "$1" <<'SH'
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends man-db > /dev/null
MANWIDTH=80 man floodmark-run | grep -A1 '^NAME'
MANWIDTH=80 man floodmark-capacity-plan | grep -A1 '^NAME'
[ -s /usr/share/bash-completion/completions/floodmark ]
[ -s /usr/share/zsh/vendor-completions/_floodmark ]
[ -s /usr/share/fish/vendor_completions.d/floodmark.fish ]
SH
}

goes_away() { # ROOT
    inside "$1" <<'SH'
dpkg --purge floodmark > /dev/null
! find /usr /etc /var/lib -name '*floodmark*' | grep .
SH
}

try_deb() {
    local root=$WORK/root
    can_have_roots || { left deb "a clean root needs root, unshare and debootstrap"; return; }
    check deb "a fresh Debian 12" fresh_root "$root"
    check deb "installs, with what it depends on" installs "$root"
    check deb "a user's run of 5 s is judged" judges_as_a_user "$root"
    check deb "man floodmark-run and floodmark-capacity-plan, and completions where shells look" has_its_pages "$root"
    check deb "is gone when purged" goes_away "$root"
    # The project has no address for mail.
    if has lintian; then check deb "lintian finds no error" lintian --fail-on error --allow-root --suppress-tags malformed-contact,bogus-mail-host-in-debian-changelog "$DEB"; fi
}

image() { buildah --storage-driver vfs --root "$WORK/images" --runroot "$WORK/images-run" "$@"; }

# The bases of the Containerfile, from Debian itself: a slim one, and what distroless/cc has: the C library, libgcc, certificates, users.
make_bases() {
    local base=$WORK/base
    fresh_root "$base-slim"
    inside "$base-slim" <<< 'apt-get install -qq -y --no-install-recommends ca-certificates > /dev/null'
    mkdir -p "$base-run"
    inside "$base-slim" <<'SH' > "$WORK/base-run.tar"
dpkg -L libc6 libgcc-s1 ca-certificates base-files | while read -r file; do
    # By its real folder: /lib is a link, which is packed as one.
    if [ -f "$file" ] || [ -L "$file" ]; then echo "$(realpath "$(dirname "$file")")/$(basename "$file")"; fi
done | sort -u > /tmp/list
tar --create --no-recursion --absolute-names --files-from=/tmp/list /lib /lib64 /etc/passwd /etc/group
find /etc/ssl ! -type d > /tmp/list
tar --create --absolute-names --files-from=/tmp/list --file /tmp/ssl.tar
SH
    tar --extract --file "$WORK/base-run.tar" --directory "$base-run"
    tar --extract --file "$base-slim/tmp/ssl.tar" --directory "$base-run"
    local name container
    for name in slim run; do
        container=$(image from scratch)
        image add --quiet "$container" "$base-$name" /
        image commit --quiet "$container" "localhost/floodmark-base-$name"
    done
}

builds() {
    image bud --quiet --isolation chroot --pull-never --build-arg "VERSION=$VERSION" --build-arg "TARGETARCH=$ARCH" \
        --build-arg UNPACK_BASE=localhost/floodmark-base-slim --build-arg RUN_BASE=localhost/floodmark-base-run \
        --file packaging/Containerfile --tag floodmark "$PACKAGE"
}

# As podman run --read-only --cap-drop=all does: the image's user, a root that is read only, a volume for results.
judges_read_only() {
    local container tree
    container=$(image from --pull-never localhost/floodmark)
    tree=$(image mount "$container")
    [ ! -e "$tree/bin/sh" ] || { echo "the image has a shell"; return 1; }
    mkdir -p "$WORK/volume"
    chown 65532:65532 "$WORK/volume"
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -euc '
        mkdir -p "$1/proc" "$1/dev"
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount --bind "$2" "$1/floodmark/results"
        mount -o remount,ro,bind "$1"
        if touch "$1/floodmark/x" 2> /dev/null; then exit 99; fi
        code=0
        setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid -- \
            unshare --root="$1" --wd=/floodmark --setgid 65532 --setuid 65532 /usr/local/bin/floodmark run average --duration 5s --quiet || code=$?
        case $code in 0 | 1 | 3) ;; *) exit 1 ;; esac' - "$tree" "$WORK/volume"
    ls "$WORK"/volume/*/summary.json
}

try_container() {
    if ! can_have_roots || ! has buildah; then
        left container "it needs root, unshare, debootstrap and buildah"
        return
    fi
    check container "bases from a fresh Debian 12" make_bases
    check container "builds, and the sum is checked" builds
    check container "as its user, without capabilities, on a read-only root, a run of 5 s is judged" judges_read_only
    left container "not built on distroless itself, and not started by a container engine"
}
