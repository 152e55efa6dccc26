"""The units of a node, and the rules by which its packet filter closes the metadata address."""

from .files import PROGRAM, STATE

SET_UP = STATE + "/set-up"  # there once set-up has ended well
NFT = "/etc/vmcluster/metadata.nft"
CLOSE = "/etc/vmcluster/close-metadata"

# A container with a network of its own is forwarded, also as its root.
METADATA_NFT = """\
table inet vmcluster
delete table inet vmcluster
table inet vmcluster {
	chain output {
		type filter hook output priority 0; policy accept;
		ip daddr 169.254.169.254 meta skuid != 0 reject
		ip6 daddr fe80::a9fe:a9fe meta skuid != 0 reject
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip daddr 169.254.169.254 reject
		ip6 daddr fe80::a9fe:a9fe reject
	}
}
"""

METADATA_SH = """\
command -v nft >/dev/null && nft -f %s && exit
close() {
	$1 -C $2 -d $3 $4 -j REJECT 2>/dev/null || $1 -I $2 -d $3 $4 -j REJECT
}
if command -v ip6tables >/dev/null; then
	close ip6tables OUTPUT fe80::a9fe:a9fe "-m owner ! --uid-owner 0"
	close ip6tables FORWARD fe80::a9fe:a9fe
fi
close iptables FORWARD 169.254.169.254
close iptables OUTPUT 169.254.169.254 "-m owner ! --uid-owner 0"
""" % NFT

# It is run at boot, and every half minute by the timer: only a failure is logged.
METADATA = """\
[Unit]
Description=vmcluster: the metadata address is for root only
After=nftables.service firewalld.service
Before=ssh.service sshd.service systemd-user-sessions.service cron.service crond.service atd.service %%s

[Service]
Type=oneshot
ExecStart=/bin/sh %s
SyslogLevel=warning
LogLevelMax=warning

[Install]
WantedBy=multi-user.target
""" % CLOSE

METADATA_TIMER = """\
[Unit]
Description=vmcluster: closes the metadata address again

[Timer]
OnActiveSec=30
OnUnitActiveSec=30
AccuracySec=5

[Install]
WantedBy=multi-user.target
"""

SETUP = """\
[Unit]
Description=vmcluster: sets this node up, if that has not ended well before
Wants=network-online.target
After=network-online.target remote-fs.target
ConditionPathExists=!%s

[Service]
Type=oneshot
ExecStart=%s setup

[Install]
WantedBy=multi-user.target
""" % (SET_UP, PROGRAM)

# The coordinator is root, since it brings its own node to the newest bundle: accounts,
# files of several programs below /etc and /var, the batch system's own tools, and the
# login user's home as that user. Batch systems' tools prove who they are by files in
# the common /tmp, and find daemons by the list of processes.
COORDINATOR = """\
[Unit]
Description=vmcluster: joins workers and distributes the roster
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=%s coordinate
Restart=always
RestartSec=5
MemoryMax=%%dK
TasksMax=1024
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETUID CAP_SETGID CAP_KILL
AmbientCapabilities=
KeyringMode=private
ProtectSystem=strict
ReadWritePaths=/etc /run /tmp /var -/home%%s
PrivateDevices=yes
BindPaths=-/dev/console
DeviceAllow=/dev/console rw
PrivateMounts=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
""" % PROGRAM

# A try a minute for half an hour, or longer if tries take long.
INSTALL = """\
[Unit]
Description=vmcluster: installs what cloud-init could not
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=1d
StartLimitBurst=30

[Service]
Type=oneshot
ExecStart=%s install
Restart=on-failure
RestartSec=60

[Install]
WantedBy=multi-user.target
""" % PROGRAM

MOST_MEMORY = 1 << 20  # kB


def coordinator(home, memory):
    """Returns the coordinator's unit. home is the login user's, "" if there is none;
    memory is the machine's, in kB, 0 if it is unknown."""
    outside = " -" + home if home and not home.startswith("/home/") and " " not in home and "%" not in home else ""
    return COORDINATOR % (min(MOST_MEMORY, memory * 3 // 4) or MOST_MEMORY, outside)
