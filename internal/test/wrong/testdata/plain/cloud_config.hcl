### cloud_config with hostname
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nhostname: x" } # error
}
#> workers["cpu"].cloud_config
#> must not set hostname

### cloud_config with fqdn
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nfqdn: x.y" } # error
}
#> workers["cpu"].cloud_config
#> must not set fqdn

### cloud_config with prefer_fqdn_over_hostname
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nprefer_fqdn_over_hostname: true" } # error
}
#> workers["cpu"].cloud_config
#> must not set prefer_fqdn_over_hostname

### cloud_config with preserve_hostname
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\npreserve_hostname: true" } # error
}
#> workers["cpu"].cloud_config
#> must not set preserve_hostname

### cloud_config with manage_etc_hosts
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nmanage_etc_hosts: true" } # error
}
#> workers["cpu"].cloud_config
#> must not set manage_etc_hosts

### cloud_config with ssh_keys
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nssh_keys: {rsa_private: x}" } # error
}
#> workers["cpu"].cloud_config
#> must not set ssh_keys

### cloud_config with power_state
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\npower_state: {mode: reboot}" } # error
}
#> workers["cpu"].cloud_config
#> must not set power_state

### cloud_config with lists of modules
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\ncloud_final_modules: [scripts-user]" } # error
}
#> workers["cpu"].cloud_config
#> must not set cloud_final_modules

### cloud_config with disable_ec2_metadata
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\ndisable_ec2_metadata: true" } # error
}
#> workers["cpu"].cloud_config
#> must not set disable_ec2_metadata

### cloud_config with a text as runcmd
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nruncmd: echo" } # error
}
#> workers["cpu"].cloud_config
#> a list as runcmd, not a text

### cloud_config with a mapping as a command
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nruncmd:\n  - echo a: b" } # error
}
#> workers["cpu"].cloud_config
#> runcmd[0] is a mapping

### cloud_config with a number as a command
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nruncmd: [7]" } # error
}
#> workers["cpu"].cloud_config
#> runcmd[0] is a number

### cloud_config with a text as bootcmd
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nbootcmd: echo" } # error
}
#> workers["cpu"].cloud_config
#> a list as bootcmd, not a text

### cloud_config with a mapping as write_files
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nwrite_files: {path: /x}" } # error
}
#> workers["cpu"].cloud_config
#> a list as write_files, not a mapping

### cloud_config with an entry of write_files without a path
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nwrite_files: [{content: x}]" } # error
}
#> workers["cpu"].cloud_config
#> absolute path as write_files[0]

### cloud_config with a file of the provider's in write_files
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nwrite_files: [{path: /etc/hosts}]" } # error
}
#> workers["cpu"].cloud_config
#> provider's own

### cloud_config with a text in place of a mapping
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nabc" } # error
}
#> workers["cpu"].cloud_config
#> must be a YAML mapping, not a text

### a cloud_config of spaces
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = " \n" } # error
}
#> empty; leave it out

### cloud_config of the front-end with power_state
front_end = { flavor = "m1.medium", cloud_config = "#cloud-config\npower_state: {mode: halt}" } # error
#> front_end.cloud_config
#> must not set power_state

### a cloud_config that is allowed
workers = {
  cpu = {
    flavor = "m1.small", count = 1
    cloud_config = <<-EOT
      #cloud-config
      packages: [htop]
      runcmd:
        - [touch, /x]
        - "echo a: b"
      users: []
    EOT
  }
}
