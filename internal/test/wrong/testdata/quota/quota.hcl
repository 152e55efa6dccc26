### too many instances for a count
workers = {
  cpu = { flavor = "m1.nano", count = 10 } # error
}
#> Not enough instances
#> workers["cpu"].count = 10: 11 instances needed, 10 left (0 of 10 used)
#> quota raised

### too many instances at the min of a scaled group
workers = {
  cpu = { flavor = "m1.nano", scaling = { min = 10, max = 10 } } # error
}
#> workers["cpu"].scaling.min = 10: 11 instances needed, 10 left

### too many instances at the max of a scaled group
workers = {
  cpu = { flavor = "m1.nano", scaling = { min = 1, max = 12 } } # 2 warnings
}
#> Not enough instances for the maximum
#> workers["cpu"].scaling.max = 12: 13 instances needed, 10 left
#> Not enough cores for the maximum
#> What this plan adds fits

### too many instances of two groups: said once, at the larger one
workers = {
  a = { flavor = "m1.nano", count = 3 }
  b = { flavor = "m1.nano", count = 8 } # 2 errors
}
#> workers["b"].count = 8: 12 instances needed
#> workers["b"].count = 8: 13 cores needed

### too many cores
workers = {
  cpu = { flavor = "m1.medium", count = 6 } # error
}
#> Not enough cores
#> workers["cpu"].count = 6: 14 cores needed, 12 left

### too much memory
front_end = { flavor = "m1.nano" }
workers = {
  cpu = { flavor = "m1.large", count = 2 } # error
}
#> workers["cpu"].count = 2: 16448 MB of RAM needed, 16000 left

### a front-end alone that is too large
front_end = { flavor = "m1.huge" } # 2 errors
workers   = {}
#> Not enough cores
#> Not enough MB of RAM
#> front_end.flavor = "m1.huge": 64 cores needed

### too many ports
networks = ["private", "other"]
workers = {
  cpu = { flavor = "m1.nano", count = 7 } # error
}
#> Not enough ports
#> workers["cpu"].count = 7: 16 ports needed, 14 left

### too many members of a server group
workers = {
  cpu = { flavor = "m1.nano", count = 4, server_group = { policy = "anti-affinity" } } # error
}
#> workers["cpu"].server_group: 4 members of a server group needed, 3 possible

### too many members of a server group at the max
workers = {
  cpu = { flavor = "m1.nano", scaling = { min = 1, max = 5 }, server_group = { policy = "anti-affinity" } } # warning
}
#> workers["cpu"].server_group: 5 members of a server group needed, 3 possible

### too many server groups
workers = {
  a = { flavor = "m1.nano", count = 1, server_group = { policy = "anti-affinity" } } # error
  b = { flavor = "m1.nano", count = 1, server_group = { policy = "anti-affinity" } }
}
#> 2 server groups needed, 1 left

### too many volumes
workers = {
  cpu = { flavor = "m1.nano", count = 5, boot_volume = { size = 1 } } # error
}
#> workers["cpu"].boot_volume: 5 volumes needed, 4 left

### volumes that are too large
workers = {
  cpu = { flavor = "m1.nano", count = 3, boot_volume = { size = 20 } } # error
}
#> workers["cpu"].boot_volume: 60 GB of volumes needed, 50 left

### too much metadata of the front-end
front_end = { # error
  flavor   = "m1.medium"
  metadata = { for i in range(20) : "k${i}" => "v" }
}
#> front_end.metadata: 
#> metadata items of a server needed, 25 possible

### what fits
workers = {
  cpu = { flavor = "m1.nano", count = 3, boot_volume = { size = 1 }, server_group = { policy = "affinity" } }
}
