### a file ~/x
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "~/x" = "x" } } # error
}
#> not an absolute path

### a file ../x
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "../x" = "x" } } # error
}
#> not an absolute path

### a file /etc/../etc/hosts
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/../etc/hosts" = "x" } } # error
}
#> shortest way, which is "/etc/hosts"

### a file /etc//motd
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc//motd" = "x" } } # error
}
#> shortest way, which is "/etc/motd"

### a file //etc/motd
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "//etc/motd" = "x" } } # error
}
#> shortest way

### a file /etc/./motd
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/./motd" = "x" } } # error
}
#> shortest way

### a file /
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/" = "x" } } # error
}
#> names a folder

### a file /opt/a(zero)
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/opt/a\u0000" = "x" } } # error
}
#> no path should have

### a file /etc/hosts
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/hosts" = "x" } } # error
}
#> provider's own

### a file /etc/hostname
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/hostname" = "x" } } # error
}
#> provider's own

### a file /etc/ssh/ssh_known_hosts
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/ssh/ssh_known_hosts" = "x" } } # error
}
#> provider's own

### a file /etc/ssh/ssh_host_ed25519_key
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/ssh/ssh_host_ed25519_key" = "x" } } # error
}
#> host key

### a file /etc/ssh/ssh_host_rsa_key.pub
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/ssh/ssh_host_rsa_key.pub" = "x" } } # error
}
#> host key

### a file /etc/ssh/sshd_config
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/ssh/sshd_config" = "x" } } # error
}
#> provider's own

### a file /etc/sudoers
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/sudoers" = "x" } } # error
}
#> who becomes root

### a file /etc/sudoers.d/site
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/sudoers.d/site" = "x" } } # error
}
#> who becomes root

### a file /etc/sudoers.d/vmcluster
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/sudoers.d/vmcluster" = "x" } } # error
}
#> provider's own

### a file /usr/local/sbin/vmcluster-node
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/usr/local/sbin/vmcluster-node" = "x" } } # error
}
#> provider's own

### a file /usr/local/lib/vmcluster/x
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/usr/local/lib/vmcluster/x" = "x" } } # error
}
#> provider's own

### a file /etc/vmcluster/node.json
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/vmcluster/node.json" = "x" } } # error
}
#> provider's own

### a file /etc/systemd/system/vmcluster-coordinator.service
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/systemd/system/vmcluster-coordinator.service" = "x" } } # error
}
#> provider's own

### a file /etc/condor/passwords.d/POOL
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/condor/passwords.d/POOL" = "x" } } # error
}
#> provider's own

### a file /root/.ssh/authorized_keys
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/root/.ssh/authorized_keys" = "x" } } # error
}
#> who gets in as root

### a file /home/bob/.ssh/authorized_keys
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/home/bob/.ssh/authorized_keys" = "x" } } # error
}
#> who gets in as that user

### a file /home/of the login user's home:/.bashrc
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/home/ROW/.bashrc" = "x" } } # error
}
#> /etc/skel/.bashrc

### a file /etc/passwd
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/passwd" = "x" } } # error
}
#> node's accounts

### a file /etc/shadow
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/shadow" = "x" } } # error
}
#> node's accounts

### a file /etc/group
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/group" = "x" } } # error
}
#> node's accounts

### a file /etc/machine-id
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/machine-id" = "x" } } # error
}
#> each node's own

### a file /proc/sys/kernel/hostname
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/proc/sys/kernel/hostname" = "x" } } # error
}
#> no folder for files

### a file /dev/vda
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/dev/vda" = "x" } } # error
}
#> no folder for files

### a file /var/lib/cloud/x
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/var/lib/cloud/x" = "x" } } # error
}
#> cloud-init's own

### a file /etc
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc" = "x" } } # error
}
#> folder on every node

### a file /usr/local
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/usr/local" = "x" } } # error
}
#> folder on every node

### a file /tmp
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/tmp" = "x" } } # error
}
#> folder on every node

### a file /etc/hosts/x
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/etc/hosts/x" = "x" } } # error
}
#> provider's own

### a path of more than 4095 bytes
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { (join("", [for i in range(513) : "/abcdefg"])) = "x" } } # error
}
#> 4104 bytes; a path has at most 4095

### a name of more than 255 bytes
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { (join("", concat(["/opt/"], [for i in range(256) : "a"]))) = "x" } } # error
}
#> a name of 256 bytes

### a file below a file
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/opt/a" = "x", "/opt/a/b" = "y" } } # error
}
#> files["/opt/a/b"]
#> lies below "/opt/a"

### a file without content
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "/opt/a" = null } } # error
}
#> workers["cpu"].files["/opt/a"]: must not be null

### a file of the front-end
front_end = { flavor = "m1.medium", files = { "/etc/hosts" = "x" } } # error
#> front_end.files["/etc/hosts"]: 
#> provider's own

### files that are allowed
front_end = {
  flavor = "m1.medium"
  files = { "/etc/motd" = "x", "/etc/ssh/sshd_config.d/10-site.conf" = "", "/opt/a b/ü" = "x", "/etc/hosts.allow" = "" }
}
