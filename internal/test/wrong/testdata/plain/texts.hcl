### image of spaces
image = "  " # error
#> nothing but space

### network of spaces
network = "  " # error
#> nothing but space

### key_pair of spaces
key_pair = "  " # error
#> nothing but space

### cluster_network of spaces
cluster_network = "  " # error
#> nothing but space

### image with a space before
image = " debian-13-hpc" # error
#> begins or ends with a space

### image with a line break
image = "debian-13-hpc\n" # error
#> can't be seen (U+000A)

### image with a tab
image = "debian\t13" # error
#> can't be seen (U+0009)

### image with a zero byte
image = "debian\u0000" # error
#> can't be seen (U+0000)

### image with a space of no width
image = "debian\u200b-13-hpc" # error
#> can't be seen (U+200B)

### image with a space that does not break
image = "debian\u00a013" # error
#> can't be seen (U+00A0)

### image with a turn of direction
image = "debian\u202e13" # error
#> can't be seen (U+202E)

### image with a mark of byte order
image = "\ufeffdebian-13-hpc" # error
#> can't be seen (U+FEFF)

### image with an escape sequence
image = "\u001b[31mdebian" # error
#> can't be seen (U+001B)

### image of 256 characters
image = join("", [for i in range(256) : "a"]) # error
#> 256 characters; a name in OpenStack has at most 255

### an image with a letter that looks like another
image = "dеbian-13-hpc" # error
#> Unknown image
#> U+0435

### network of a group of " "
workers = {
  cpu = { flavor = "m1.small", count = 1, network = " " } # error
}
#> workers["cpu"].network

### availability_zone of a group of ""
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zone = "" } # error
}
#> workers["cpu"].availability_zone

### availability_zone of a group of "novan"
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zone = "nova\n" } # error
}
#> workers["cpu"].availability_zone

### external_network of the front-end of ""
front_end = { flavor = "m1.medium", external_network = "" } # error
#> front_end.external_network

### external_network of the front-end of " public"
front_end = { flavor = "m1.medium", external_network = " public" } # error
#> front_end.external_network

### port of the front-end of "vipn"
front_end = { flavor = "m1.medium", port = "vip\n" } # error
#> front_end.port

### availability_zone of the front-end of " "
front_end = { flavor = "m1.medium", availability_zone = " " } # error
#> front_end.availability_zone

### image of the front-end of ""
front_end = { flavor = "m1.medium", image = "" } # error
#> front_end.image

### a type of a boot volume with a line break
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 10, type = "ssd\n" } } # error
}
#> can't be seen (U+000A)

### an empty security group
security_groups = [""] # error
#> security_groups has "": empty

### an empty security group of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, security_groups = [""] } # error
}
#> workers["cpu"].security_groups has "": empty

### a security group of spaces
security_groups = ["default", " "] # error
#> security_groups has " ": nothing but space

### a security group of spaces of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, security_groups = ["default", " "] } # error
}
#> workers["cpu"].security_groups has " ": nothing but space

### a null security group
security_groups = ["default", null] # error
#> security_groups has null: must not be null

### a null security group of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, security_groups = ["default", null] } # error
}
#> workers["cpu"].security_groups has null: must not be null

### a security group with a line break
security_groups = ["default\n"] # error
#> can't be seen (U+000A)

### a security group with a line break of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, security_groups = ["default\n"] } # error
}
#> can't be seen (U+000A)

### no security group at all
security_groups = [] # error
#> security_groups = []: 

### no security group of the front-end
front_end = { flavor = "m1.medium", security_groups = [] } # error
#> front_end.security_groups = []: 

### a value of metadata with an escape sequence
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { a = "\u001b[2J" } } # error
}
#> holds a control character

### a key of metadata with a line break
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { "a\n" = "x" } } # error
}
#> metadata

### a key of the provider's in metadata
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { vmcluster_protect = "x" } } # error
}
#> the provider's own

### a login_user of a hyphen first
login_user = "-ada" # error
#> not a user name

### a login_user of a dot
login_user = "ada.l" # error
#> not a user name

### a login_user of a colon
login_user = "ada:0" # error
#> not a user name

### a login_user of a letter that looks like another
login_user = "аda" # error
#> U+0430

### login_user daemon
login_user = "daemon" # error
#> login_user = "daemon": a system account or group

### login_user nobody
login_user = "nobody" # error
#> login_user = "nobody": a system account or group

### login_user sshd
login_user = "sshd" # error
#> login_user = "sshd": a system account or group

### login_user debian
login_user = "debian" # error
#> login_user = "debian": a system account or group

### login_user ubuntu
login_user = "ubuntu" # error
#> login_user = "ubuntu": a system account or group

### login_user rocky
login_user = "rocky" # error
#> login_user = "rocky": a system account or group

### login_user cloud-user
login_user = "cloud-user" # error
#> login_user = "cloud-user": a system account or group

### login_user ec2-user
login_user = "ec2-user" # error
#> login_user = "ec2-user": a system account or group

### login_user fedora
login_user = "fedora" # error
#> login_user = "fedora": a system account or group

### login_user almalinux
login_user = "almalinux" # error
#> login_user = "almalinux": a system account or group

### login_user sudo
login_user = "sudo" # error
#> login_user = "sudo": a system account or group

### login_user wheel
login_user = "wheel" # error
#> login_user = "wheel": a system account or group

### login_user docker
login_user = "docker" # error
#> login_user = "docker": a system account or group

### login_user adm
login_user = "adm" # error
#> login_user = "adm": a system account or group

### login_user systemd-network
login_user = "systemd-network" # error
#> login_user = "systemd-network": a system account or group

### login_user systemd-anything
login_user = "systemd-anything" # error
#> login_user = "systemd-anything": a system account or group

### login_user www-data
login_user = "www-data" # error
#> login_user = "www-data": a system account or group

### login_user munge
login_user = "munge" # error
#> login_user = "munge": a system account or group

### login_user slurm
login_user = "slurm" # error
#> login_user = "slurm": a system account or group

### a fixed_ip of a number too large
front_end = { flavor = "m1.medium", fixed_ip = "10.0.0.256" } # error
#> front_end.fixed_ip
#> not an IP address

### a fixed_ip of a leading zero
front_end = { flavor = "m1.medium", fixed_ip = "10.0.0.08" } # error
#> front_end.fixed_ip
#> not an IP address

### a fixed_ip of an interface
front_end = { flavor = "m1.medium", fixed_ip = "fe80::1%eth0" } # error
#> front_end.fixed_ip
#> names a network interface

### a fixed_ip of IPv4 within IPv6
front_end = { flavor = "m1.medium", fixed_ip = "::ffff:10.0.0.9" } # error
#> front_end.fixed_ip
#> write 10.0.0.9

### a fixed_ip of all machines
front_end = { flavor = "m1.medium", fixed_ip = "255.255.255.255" } # error
#> front_end.fixed_ip
#> no address that a node can have

### a fixed_ip of none
front_end = { flavor = "m1.medium", fixed_ip = "0.0.0.0" } # error
#> front_end.fixed_ip
#> no address that a node can have

### a fixed_ip of this machine
front_end = { flavor = "m1.medium", fixed_ip = "127.0.0.1" } # error
#> front_end.fixed_ip
#> no address that a node can have

### a fixed_ip of a group of machines
front_end = { flavor = "m1.medium", fixed_ip = "224.0.0.1" } # error
#> front_end.fixed_ip
#> no address that a node can have

### a fixed_ip of a line break
front_end = { flavor = "m1.medium", fixed_ip = "10.0.0.9\n" } # error
#> front_end.fixed_ip
#> not an IP address

### a cluster's name of a letter that looks like another
name = "аstro" # error
login_user = "ada"
#> U+0430

### a cluster's name of an underscore
name = "astro_1" # error
login_user = "ada"
#> not a DNS label

### a group's name of a line break
workers = {
  "cpu\n" = { flavor = "m1.small", count = 1 } # error
}
#> not a DNS label

### a group's name of a space
workers = {
  "my cpu" = { flavor = "m1.small", count = 1 } # error
}
#> not a DNS label

### a group's name of a letter that looks like another
workers = {
  "сpu" = { flavor = "m1.small", count = 1 } # error
}
#> U+0441
