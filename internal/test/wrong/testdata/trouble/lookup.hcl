### images that may not be listed: said once of a kind of failure
image = "debian-13-hpc" # error
workers = {
  cpu = { flavor = "m1.small", count = 1, image = "tiny" }
}
#> The image "debian-13-hpc" can't be looked up
#> image = "debian-13-hpc": 
#> HTTP 403

### images of a group that may not be listed
image = null
front_end = { flavor = "m1.medium", image = "tiny" } # error
workers = { cpu = { flavor = "m1.small", count = 1, image = "debian-13-hpc" } }
#> front_end.image = "tiny": 
