### an unknown network of the cluster
network = "privat" # error
#> Unknown network "privat"
#> network = "privat": no network has this name
#> "private"

### an unknown network of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, network = "nope" } # error
}
#> workers["cpu"].network = "nope": no network has this name

### an unknown network of the front-end
front_end = { flavor = "m1.medium", network = "nope" } # error
#> front_end.network = "nope": no network has this name

### an unknown network among several of the cluster
networks = [
  "private",
  "nope", # error
]
#> networks[1] = "nope": no network has this name

### an unknown network among several of a group
workers = {
  cpu = { # error
    flavor   = "m1.small"
    count    = 1
    networks = ["private", "nope"]
  }
}
#> workers["cpu"].networks[1] = "nope": no network has this name

### an ambiguous network
network = "double" # error
#> Ambiguous network "double"
#> network = "double": 2 networks have this name

### an ambiguous network of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, network = "double" } # error
}
#> workers["cpu"].network = "double": 2 networks have this name

### no network at all: said of each node
network = null
front_end = { flavor = "m1.medium" } # error
workers = {
  cpu = { flavor = "m1.small", count = 1 } # error
}
#> front_end.network: 
#> workers["cpu"].network: 

### an empty network of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, network = "" } # error
}
#> workers["cpu"].network = "": 

### network and networks of the cluster
network  = "private"
networks = ["private", "public"] # error
#> networks = ["private", "public"]: not together with `network`

### network and networks of a group
workers = {
  cpu = { flavor = "m1.small", count = 1, network = "private", networks = ["private", "public"] } # error
}
#> workers["cpu"].networks = ["private", "public"]: not together with `network`

### network and networks of the front-end
front_end = { flavor = "m1.medium", network = "private", networks = ["private"] } # error
#> front_end.networks

### an empty list of networks
network  = null
networks = [] # error
#> networks

### a network named twice
networks = ["private", "private"] # error
#> networks = ["private", "private"]: 
#> twice

### a network named twice in a group
workers = {
  cpu = { flavor = "m1.small", count = 1, networks = ["private", "private"] } # error
}
#> workers["cpu"].networks

### an empty text among networks
networks = [
  "private",
  "", # error
]
#> networks[1] = "": 

### null among networks
networks = [
  "private",
  null, # error
]
#> networks[1]

### a network for the cluster's traffic that a group does not have
workers = {
  cpu = { # error
    flavor          = "m1.small"
    count           = 1
    networks        = ["private", "public"]
    cluster_network = "fabric"
  }
}
#> workers["cpu"].cluster_network = "fabric": 

### a network for the cluster's traffic that the front-end does not have
front_end = { flavor = "m1.medium", networks = ["private", "small"], cluster_network = "public" } # error
#> front_end.cluster_network = "public": 

### an external network that is none
front_end = { flavor = "m1.medium", external_network = "private" } # error
#> Unknown external network "private"
#> front_end.external_network = "private": 

### an unknown external network
front_end = { flavor = "m1.medium", external_network = "publik" } # error
#> front_end.external_network = "publik": no external network has this name
#> "public"

### more workers than a network has addresses
network = "small"
workers = {
  cpu = { flavor = "m1.nano", count = 9 } # error
}
#> workers["cpu"].network
#> 10 addresses

### more workers at most than a network has addresses
workers = {
  cpu = { flavor = "m1.nano", scaling = { min = 1, max = 9 }, network = "small" } # warning
}
#> workers["cpu"].network = "small": 
#> 9 addresses

### an unknown port
front_end = { flavor = "m1.medium", port = "vip" } # error
#> front_end.port = "vip": 

### a port and a fixed address
front_end = { flavor = "m1.medium", port = "vip", fixed_ip = "10.76.0.9" } # error
#> front_end.port = "vip": not together with `fixed_ip`

### an empty port
front_end = { flavor = "m1.medium", port = "" } # error
#> front_end.port = "": 

### an address that is none
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.300" } # error
#> front_end.fixed_ip = "10.76.0.300": 
#> IP address

### an address with a prefix
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.5/24" } # error
#> front_end.fixed_ip = "10.76.0.5/24": 

### an empty address
front_end = { flavor = "m1.medium", fixed_ip = "" } # error
#> front_end.fixed_ip = "": 
