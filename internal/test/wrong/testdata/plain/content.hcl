### a relative path of a file
workers = {
  cpu = { flavor = "m1.small", count = 1, files = { "etc/motd" = "x" } } # error
}
#> workers["cpu"].files["etc/motd"]: 
#> absolute path

### a file that is a folder
front_end = { flavor = "m1.medium", files = { "/etc/" = "x" } } # error
#> front_end.files["/etc/"]: 

### an empty path of a file
front_end = { flavor = "m1.medium", files = { "" = "x" } } # error
#> front_end.files[""]: 

### a path with a line break
front_end = { flavor = "m1.medium", files = { "/etc/mo\ntd" = "x" } } # error
#> front_end.files["/etc/mo\ntd"]: 

### a cloud-config without its first line
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "packages: [htop]" } # error
}
#> workers["cpu"].cloud_config
#> #cloud-config

### a cloud-config that is a script
front_end = { flavor = "m1.medium", cloud_config = "#!/bin/sh\ntrue\n" } # error
#> front_end.cloud_config
#> #cloud-config

### a cloud-config that is not YAML
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\npackages: [htop\n" } # error
}
#> workers["cpu"].cloud_config: 
#> YAML

### a cloud-config that is a list
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\n- htop\n" } # error
}
#> workers["cpu"].cloud_config: 
#> mapping

### a cloud-config that is a number
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\n5\n" } # error
}
#> workers["cpu"].cloud_config: 

### a cloud-config of two documents
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\na: 1\n---\nb: 2\n" } # error
}
#> workers["cpu"].cloud_config: 

### an empty cloud-config
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "" } # error
}
#> workers["cpu"].cloud_config = "": 

### a cloud-config that says how its lists are merged
workers = {
  cpu = { flavor = "m1.small", count = 1, cloud_config = "#cloud-config\nmerge_how: replace\n" } # error
}
#> workers["cpu"].cloud_config: 
#> merge_how

### files that are too large for user data
workers = {
  cpu = { # error
    flavor = "m1.small"
    count  = 1
    files  = { "/opt/data" = join("", [for i in range(1000) : sha512(tostring(i))]) }
  }
}
#> workers["cpu"].files: 
#> Nova takes 49149

### a cloud-config that is too large for user data
front_end = { # error
  flavor       = "m1.medium"
  cloud_config = "#cloud-config\n# ${join("", [for i in range(1000) : sha512(tostring(i))])}\n"
}
#> front_end.cloud_config
#> Nova takes 49149

### groups that make the cluster document too large
workers = { # error
  big = {
    flavor       = "m1.small"
    count        = 0
    cloud_config = "#cloud-config\n# ${join("", [for i in range(200) : sha512(tostring(i))])}\n"
  }
  other = {
    flavor       = "m1.small"
    count        = 0
    cloud_config = "#cloud-config\n# ${join("", [for i in range(200, 400) : sha512(tostring(i))])}\n"
  }
}
#> Cluster document too large
