### no key pair any more
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
key_pair = null # warning
#> Present nodes keep the old key
#> key_pair: 
#> valid on ROW-frontend, ROW-cpu-1
#> openstack server delete NAME

### another key pair
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
key_pair = "night" # warning
#> key_pair = "night": 
#> valid on ROW-frontend, ROW-cpu-1

### a misspelt name to retire in a shrink
workers = {
  cpu = { flavor = "m1.small", count = 2 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-cpu-3"] } # warning
}
#> retire has "ROW-cpu-3": the group has no worker of this name; it has ROW-cpu-1, ROW-cpu-2

### another fixed_ip, outside the network
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
front_end = { flavor = "m1.medium", fixed_ip = "10.9.9.9" } # error
#> no subnet of the front-end's network

### a fraction in a growth
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1.5 } # error
}
#> count = 1.5: not a whole number

### a group that is null in a change
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = null # error
}
