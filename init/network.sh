# The guest's network from the kernel command line. Sourced by init; no side effects on reading.
# Debian's kernel is built without IP autoconfiguration, so the word ip= is ours to apply:
#   ip=ADDRESS:SERVER:GATEWAY:NETMASK:HOST:INTERFACE:off     (SERVER is empty)

# Prints the value of the last word "$1=..." of the command line "$2"; fails when there is none.
cmdline_value() {
    found=1 value=
    for word in $2; do
        case "$word" in
        "$1="*) found=0 value=${word#*=} ;;
        esac
    done
    [ "$found" = 0 ] && printf '%s\n' "$value"
    return "$found"
}

# Prints the prefix length of a dotted netmask; fails when its bits are not ones, then zeros.
prefix_of() {
    prefix=0 ended=0 octets=0
    old_ifs=$IFS IFS=.
    set -f
    set -- $1
    set +f
    IFS=$old_ifs
    for octet in "$@"; do
        octets=$((octets + 1))
        case "$octet" in
        255) bits=8 ;; 254) bits=7 ;; 252) bits=6 ;; 248) bits=5 ;; 240) bits=4 ;;
        224) bits=3 ;; 192) bits=2 ;; 128) bits=1 ;; 0) bits=0 ;; *) return 1 ;;
        esac
        [ "$ended" = 1 ] && [ "$bits" != 0 ] && return 1
        [ "$bits" != 8 ] && ended=1
        prefix=$((prefix + bits))
    done
    [ "$octets" = 4 ] && printf '%s\n' "$prefix"
}

# Sets net_address, net_gateway, net_prefix, net_host and net_interface from the value of ip=.
# Empty fields keep their place: IFS splits at every colon. Fails when a needed one is missing.
parse_ip() {
    old_ifs=$IFS IFS=:
    set -f
    set -- $1
    set +f
    IFS=$old_ifs
    net_address=${1-} net_gateway=${3-} net_host=${5-} net_interface=${6-}
    [ -n "$net_interface" ] || net_interface=eth0
    [ -n "$net_address" ] && net_prefix=$(prefix_of "${4-}")
}

# Brings the interface up. Fails when an address cannot be set; the caller says so.
apply_network() {
    ip addr add "$net_address/$net_prefix" dev "$net_interface" &&
        ip link set "$net_interface" up || return 1
    [ -z "$net_gateway" ] || ip route add default via "$net_gateway" dev "$net_interface"
}

# Prints /etc/resolv.conf for the comma list "$1", or for the gateway "$2" when the list is empty.
resolv_conf() {
    servers=${1:-$2}
    old_ifs=$IFS IFS=,
    for server in $servers; do printf 'nameserver %s\n' "$server"; done
    IFS=$old_ifs
}

# Prints /etc/hosts for the host name "$1".
hosts_file() {
    printf '127.0.0.1 localhost\n'
    [ -z "$1" ] || printf '127.0.1.1 %s\n' "$1"
}
