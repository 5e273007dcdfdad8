# What test-needs and bench-needs share: see what is missing, install it on Debian as root, name it elsewhere.
# The script that includes this defines `missing`, which lists the Debian packages that are not here, one a line.

have() { command -v "$1" > /dev/null; }
exists() { compgen -G "$1" > /dev/null; }

install() {
    export DEBIAN_FRONTEND=noninteractive
    exists '/var/lib/apt/lists/*_Packages*' || apt-get update -qq
    silence_services
    local get=(apt-get install -qq -y --no-install-recommends "$@")
    "${get[@]}" > /dev/null || { apt-get update -qq && "${get[@]}" > /dev/null; }
}

# What is installed here is started by the tests, on ports of their own: Debian starts no service of it meanwhile.
silence_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

# provide WHO: ends the script with 0 when nothing is missing (any more) for them, and with 1 and the names otherwise.
provide() {
    local packages
    mapfile -t packages < <(missing)
    [ ${#packages[@]} -gt 0 ] || exit 0
    if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && have apt-get; then
        echo "Installing for the $1: ${packages[*]} …"
        install "${packages[@]}"
        mapfile -t packages < <(missing)
        [ ${#packages[@]} -gt 0 ] || exit 0
    fi
    echo "The $1 need programs that are missing here. On Debian, as root: apt-get install -y ${packages[*]}" >&2
    exit 1
}
