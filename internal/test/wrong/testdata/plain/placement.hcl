### an unknown zone of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zone = "mars" } # error
}
#> workers["cpu"].availability_zone = "mars": no availability zone has this name
#> "nova"

### an unknown zone among several
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zones = ["nova", "mars"] } # error
}
#> workers["cpu"].availability_zones[1] = "mars": no availability zone has this name

### an unknown zone of the front-end
front_end = { flavor = "m1.medium", availability_zone = "mars" } # error
#> front_end.availability_zone = "mars": 

### a zone and zones
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zone = "nova", availability_zones = ["nova"] } # error
}
#> workers["cpu"].availability_zones = ["nova"]: not together with `availability_zone`

### an empty list of zones
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zones = [] } # error
}
#> workers["cpu"].availability_zones

### a zone named twice
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zones = ["nova", "nova"] } # error
}
#> workers["cpu"].availability_zones = ["nova", "nova"]: 

### an empty zone
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zone = "" } # error
}
#> workers["cpu"].availability_zone = "": 

### null among zones
workers = {
  cpu = { flavor = "m1.small", count = 1, availability_zones = [null] } # error
}
#> workers["cpu"].availability_zones[0]

### zones of the front-end, which has one
front_end = { flavor = "m1.medium", availability_zones = ["nova"] }

### an unknown policy of a server group
workers = {
  cpu = { flavor = "m1.small", count = 1, server_group = { policy = "spread" } } # error
}
#> workers["cpu"].server_group.policy = "spread": 
#> "anti-affinity"

### a server group without a policy: the words are the CLI's
workers = { # error
  cpu = { flavor = "m1.small", count = 1, server_group = {} }
}
#> "policy" is required

### a boot volume of no size
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 0 } } # error
}
#> workers["cpu"].boot_volume.size = 0: 

### a boot volume of a fraction
front_end = { flavor = "m1.medium", boot_volume = { size = 10.5 } } # error
#> front_end.boot_volume.size = 10.5: 

### a boot volume of an empty type
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 10, type = "" } } # error
}
#> workers["cpu"].boot_volume.type = "": 

### a boot volume without a size: the words are the CLI's
workers = { # error
  cpu = { flavor = "m1.small", count = 1, boot_volume = {} }
}
#> "size" is required

### a boot volume in a cloud without a service for it
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 10 } } # warning
}
#> workers["cpu"].boot_volume: 
#> block-storage service

### the front-end's boot volume in a cloud without a service for it
front_end = { flavor = "m1.medium", boot_volume = { size = 10 } } # warning
#> front_end.boot_volume: 

### a metadata key of the provider's
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { vmcluster_spec = "x" } } # error
}
#> workers["cpu"].metadata["vmcluster_spec"]: 
#> the provider's own

### a metadata key with a slash
front_end = { flavor = "m1.medium", metadata = { "a/b" = "x" } } # error
#> front_end.metadata["a/b"]: 

### an empty metadata key
front_end = { flavor = "m1.medium", metadata = { "" = "x" } } # error
#> front_end.metadata[""]: 

### a metadata value of 256 characters
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { a = join("", [for i in range(256) : "x"]) } } # error
}
#> workers["cpu"].metadata["a"]: 
#> 256 characters

### a metadata value that is null
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { a = null } } # error
}
#> workers["cpu"].metadata["a"]: 

### too much metadata
workers = {
  cpu = { flavor = "m1.small", count = 1, metadata = { for i in range(129) : "k${i}" => "v" } } # error
}
#> workers["cpu"].metadata: 
#> a server has room for 128
