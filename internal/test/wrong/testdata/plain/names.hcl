### a cluster's name with capital letters
name = "Astro_1" # error
#> name = "Astro_1": 
#> DNS label

### a cluster's name of 37 characters
name = "a234567890123456789012345678901234567" # error
#> name
#> at most 36

### an empty name of a cluster
name = "" # error
#> name = "": 

### a cluster's name that begins with a digit
name = "1astro" # error
#> name = "1astro": 

### a cluster's name that ends in a hyphen
name = "astro-" # error
#> name = "astro-": 

### a cluster's name with a dot
name = "astro.example" # error
#> name = "astro.example": 

### a cluster's name with a line break
name = "astro\n" # error
#> name

### a cluster's name in other letters
name = "ästro" # error
#> name = "ästro": 

### no name: the words are the CLI's # error
resource "vmcluster_cluster" "ROW" {
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> "name" is required

### an attribute that does not exist: the words are the CLI's
flavour = "m1.small" # error
#> "flavour" is not expected

### an attribute of a group that does not exist
workers = {
  cpu = { flavour = "m1.small", flavor = "m1.small", count = 1 }
}

### a group's name with capital letters
workers = {
  CPU = { flavor = "m1.small", count = 1 } # error
}
#> workers["CPU"]: 
#> DNS label

### a group with the front-end's name
workers = {
  frontend = { flavor = "m1.small", count = 1 } # error
}
#> workers["frontend"]: 
#> the front-end's own

### an empty name of a group
workers = {
  "" = { flavor = "m1.small", count = 1 } # error
}
#> workers[""]: 

### a group's name of 21 characters
workers = {
  a23456789012345678901 = { flavor = "m1.small", count = 1 } # error
}
#> workers["a23456789012345678901"]: 
#> at most 20

### a group's name with a dot
workers = {
  "c.pu" = { flavor = "m1.small", count = 1 } # error
}
#> workers["c.pu"]: 

### a group that is null
workers = {
  cpu = null # error
}
#> workers["cpu"]: 
