### an unknown image of the cluster
image = "debian-31" # error
#> Unknown image "debian-31"
#> debian-13-hpc

### an unknown network of the cluster
network = "privat" # error
#> Unknown network "privat"

### nothing is wrong
login_user = "ada"
