### an unknown image of the cluster
image = "debian-31" # error
#> Unknown image "debian-31"
#> debian-13-hpc

### an unknown network of the cluster
network = "privat" # error
#> Unknown network "privat"

### an unknown image of a group
workers = {
  gpu = { flavor = "m1.small", count = 1, image = "nope" } # error
}
#> workers["gpu"].image = "nope": 

### an unknown image of the front-end
front_end = { flavor = "m1.small", image = "nope" } # error
#> front_end.image = "nope": 

### nothing is wrong
login_user = "ada"
