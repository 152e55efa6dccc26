### a login_uid beyond 64 bits
login_uid = 1e30 # error
#> login_uid = 1e+30: too large a number

### a login_uid in systemd's range
login_uid = 61184 # error
#> login_uid = 61184: must be between 1000 and 60000

### a negative version of the CA's key
ssh_ca_private_key_wo_version = -1 # error
#> ssh_ca_private_key_wo_version = -1: must be at least 0

### a fraction as version of the CA's key
ssh_ca_private_key_wo_version = 1.5 # error
#> ssh_ca_private_key_wo_version = 1.5: not a whole number

### a version of the CA's key beyond 64 bits
ssh_ca_private_key_wo_version = 9223372036854775808 # error
#> ssh_ca_private_key_wo_version = 9223372036854775808: too large a number

### a negative count beyond 64 bits
workers = {
  cpu = { flavor = "m1.small", count = -1e30 } # error
}
#> workers["cpu"].count = -1e+30: too small a number

### a count of more workers than a group has
workers = {
  cpu = { flavor = "m1.small", count = 10001 } # error
}
#> workers["cpu"].count = 10001: must be between 0 and 10000

### a small fraction as count
workers = {
  cpu = { flavor = "m1.small", count = 1e-40 } # error
}
#> not a whole number

### a count that the largest float does not hold
workers = {
  cpu = { flavor = "m1.small", count = 1e400 } # error
}
#> too large a number

### a fraction as text as count
workers = {
  cpu = { flavor = "m1.small", count = "2.5" } # error
}
#> workers["cpu"].count = 2.5: not a whole number

### a fraction as min
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0.5, max = 2 } } # error
}
#> workers["cpu"].scaling.min = 0.5: not a whole number

### a fraction as max
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0, max = 2.5 } } # error
}
#> workers["cpu"].scaling.max = 2.5: not a whole number

### a fraction as initial
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0, max = 2, initial = 1.1 } } # error
}
#> workers["cpu"].scaling.initial = 1.1: not a whole number

### a max of more workers than a group has
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0, max = 20000 } } # error
}
#> workers["cpu"].scaling.max = 20000: must be between 0 and 10000

### a fraction as min_ready
workers = {
  cpu = { flavor = "m1.small", count = 2, min_ready = 0.5 } # error
}
#> workers["cpu"].min_ready = 0.5: not a whole number

### a boot volume of negative size
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = -20 } } # error
}
#> workers["cpu"].boot_volume.size = -20: must be between 1

### a boot volume of more than block storage counts
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 2147483648 } } # error
}
#> workers["cpu"].boot_volume.size = 2147483648: must be between 1 and 2147483647

### a boot volume beyond 64 bits
workers = {
  cpu = { flavor = "m1.small", count = 1, boot_volume = { size = 1e20 } } # error
}
#> workers["cpu"].boot_volume.size = 1e+20: too large a number

### a fraction as the front-end's boot volume
front_end = { flavor = "m1.medium", boot_volume = { size = 1.5 } } # error
#> front_end.boot_volume.size = 1.5: not a whole number

### max_unavailable of -1
replacement = { strategy = "rolling", max_unavailable = -1 } # error
#> replacement.max_unavailable
#> must be between 1 and 10000

### max_unavailable of 1e30
replacement = { strategy = "rolling", max_unavailable = 1e30 } # error
#> replacement.max_unavailable
#> too large a number
