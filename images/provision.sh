#!/bin/sh
# Makes a Debian 13 system into an image from which the nodes of a cluster start: installs
# what they need, keeps the daemons of batch systems and of NFS from starting by
# themselves, and removes all that belongs to one machine only.
#
# It runs as root inside the system: on a server that Packer has made (node.pkr.hcl), or
# in a folder with the system's files (build). The last lines that it prints are the
# versions; it fails if the result is not as it should be.
set -eu

# The batch systems. A cluster uses one of them; the node program configures and
# starts it.
BATCH="condor slurmctld slurmd slurm-client slurm-wlm-jwt-plugin munge"

# Users' MPI: libraries, mpirun, and a compiler for mpicc. libpmix lets srun start a
# program by --mpi=pmix.
MPI="openmpi-bin libopenmpi-dev libpmix2t64 gcc libc6-dev make"

# A shared file system, the clock, the packet filter of the node program, and what keeps
# logs small.
SYSTEM="nfs-common nfs-kernel-server chrony nftables curl logrotate"

# What the node program and cloud-init cannot do without. Debian's cloud images have it.
BASE="cloud-init openssh-server sudo python3 iproute2 procps ca-certificates"

# Units that do not start by themselves: the node program starts those of the cluster's
# batch system once it has configured them. rpcbind serves NFS 3 only.
HELD="condor.service slurmctld.service slurmd.service munge.service nfs-server.service rpcbind.service rpcbind.socket"

PRESET=/etc/systemd/system-preset/10-vmcluster.preset

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

say() { printf 'provision: %s\n' "$*"; }
fail() {
  printf 'provision: %s\n' "$*" >&2
  exit 1
}

check_system() {
  [ "$(id -u)" = 0 ] || fail "must be run as root"
  . /etc/os-release
  [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 13 ] || fail "this is ${PRETTY_NAME:-an unknown system}, and not Debian 13"
}

# A package enables and starts its daemon unless a preset of systemd's forbids it.
hold_daemons() {
  mkdir -p "${PRESET%/*}"
  {
    echo "# The node program of vmcluster enables what a node needs."
    for unit in $HELD; do echo "disable $unit"; done
  } >"$PRESET"
}

apt() { apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 "$@"; }

install_packages() {
  apt update
  apt upgrade
  # shellcheck disable=SC2086 # each word is a package
  apt install --no-install-recommends $BASE $BATCH $MPI $SYSTEM
  apt autoremove --purge
}

# A unit that the system had before has been enabled already.
disable_daemons() {
  for unit in $HELD; do
    systemctl disable "$unit" >/dev/null 2>&1 || true
    [ ! -d /run/systemd/system ] || systemctl stop "$unit" || true
  done
}

# Whatever a server of this image must not share with another: identities, keys, logs.
clean() {
  apt clean
  cloud-init clean --logs --configs all
  rm -f /etc/ssh/ssh_host_* /etc/munge/munge.key /etc/slurm/*.key /etc/condor/passwords.d/* /etc/condor/tokens.d/*
  rm -f /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys /root/.*_history /home/*/.*_history
  rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /var/lib/dbus/machine-id
  : >/etc/machine-id # systemd makes one at the first boot; a missing file would also reset all units
  rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/journal/* /var/lib/dhcp/* /var/tmp/* /var/lib/chrony/*
  find /var/log -type f \( -name '*.gz' -o -name '*.1' -o -name '*.old' \) -delete
  find /var/log -type f -exec truncate -s 0 {} +
}

verify() {
  for unit in $HELD; do
    state=$(systemctl is-enabled "$unit" 2>/dev/null || true)
    [ "$state" = disabled ] || fail "$unit is ${state:-not there}, and not disabled"
  done
  state=$(systemctl is-enabled chrony.service 2>/dev/null || true)
  [ "$state" = enabled ] || fail "chrony.service is ${state:-not there}, and not enabled"
  ls /boot/vmlinuz-* /boot/initrd.img-* >/dev/null || fail "there is no kernel in /boot"
  [ -z "$(dpkg --audit)" ] || fail "dpkg --audit finds packages that are not installed whole"
  # Each of these is a program's first line.
  slurmd -V
  condor_version | head -n 1
  mpirun --version | head -n 1
  cloud-init --version
  dpkg-query -W -f '${Package} ${Version}\n' libpmix2t64 munge nfs-kernel-server chrony
  say "done; $(df -h --output=used / | tail -n 1 | tr -d ' ') are used"
}

check_system
hold_daemons
install_packages
disable_daemons
clean
verify
