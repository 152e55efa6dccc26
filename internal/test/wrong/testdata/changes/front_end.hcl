### another flavor of a front-end that stays
front_end = { flavor = "m1.small" }
#-- then
front_end = { flavor = "m1.medium" } # warning
#> The front-end stays as it is
#> front_end: 
#> replace_on_change = true

### another image of workers that stay
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1, image = "tiny" } # warning
}
#> Present workers stay as they are
#> workers["cpu"]: 

### another image of the whole cluster
image = "debian-13-hpc" 
#-- then
image = "tiny"
front_end = { flavor = "m1.medium" } # warning
workers = {
  cpu = { flavor = "m1.small", count = 1 } # warning
}

### an unknown image in a change
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 2, image = "nope" } # error
}
#> workers["cpu"].image = "nope": no image has this name

### an unknown image in a growth
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
image = "nope" # error
workers = {
  cpu = { flavor = "m1.small", count = 2 }
}
#> image = "nope": no image has this name

### a group that is new and has an unknown flavor
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1 }
  gpu = { flavor = "g9", count = 1 } # error
}
#> workers["gpu"].flavor = "g9": no flavor has this name

### a group that is scaled and has more workers than its max
workers = {
  cpu = { flavor = "m1.small", count = 2 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0, max = 1 } } # warning
}
#> More workers than max
#> workers["cpu"].scaling.max = 1: 

### another floating IP of a front-end that has one
front_end = { flavor = "m1.medium", external_network = "public" }
#-- then
front_end = { flavor = "m1.medium" } # warning
#> front_end.external_network: 
#> stays with it

### a front-end of another flavor that is made anew, with a batch system
batch_system = { type = "htcondor" }
wait_for = "joined"
front_end = { flavor = "m1.small", replace_on_change = true }
#-- then
batch_system = { type = "htcondor" }
wait_for = "joined"
front_end = { flavor = "m1.medium", replace_on_change = true } # warning
#> The batch system's queue is made anew
#> front_end: 

### a front-end that is made anew of an image that does not fit
wait_for = "joined"
front_end = { flavor = "m1.small", replace_on_change = true }
#-- then
wait_for = "joined"
front_end = { flavor = "m1.small", replace_on_change = true, image = "needy" } # 2 errors
#> front_end.flavor = "m1.small": 1024 MB of RAM of the flavor needed, 512 possible

### workers that are made anew of an image that does not fit
replacement = { strategy = "rolling" }
#-- then
replacement = { strategy = "rolling" }
workers = {
  cpu = { flavor = "m1.small", count = 1, image = "needy" } # 2 errors
}
#> workers["cpu"].flavor = "m1.small": 1024 MB of RAM of the flavor needed, 512 possible

### a new CA with last_worker, and no new worker
coordinator = "last_worker"
#-- then
coordinator = "last_worker"
ssh_ca_private_key_wo_version = 2 # error
#> ssh_ca_private_key_wo_version = 2: 
#> raise a `count` in the same apply

### scaling of a cluster with last_worker
coordinator = "last_worker"
#-- then
coordinator = "last_worker"
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 2 } } # error
}
#> workers["cpu"].scaling: 

### another front-end where the workers could not go on
front_end = { flavor = "m1.small", replace_on_change = true }
#-- then
front_end = { flavor = "m1.medium", replace_on_change = true } # warning
#> The front-end stays as it is
#> front_end.replace_on_change = true: its workers could not go on under a new one

### nothing changes
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
