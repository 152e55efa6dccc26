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

### a group named like a number
workers = {
  "1" = { flavor = "m1.small", count = 1 } # error
}
#> workers["1"]: 
#> DNS label

### a group's name with a space
workers = {
  "c pu" = { flavor = "m1.small", count = 1 } # error
}
#> workers["c pu"]: 

### a group's name with a quotation mark
workers = {
  "c\"pu" = { flavor = "m1.small", count = 1 } # error
}
#> workers["c\"pu"]: 

### two wrong groups
workers = {
  CPU = { flavor = "m1.small", count = 1 } # error
  GPU = { flavor = "m1.small", count = 1 } # error
}
#> workers["CPU"]: 
#> workers["GPU"]: 

### groups that come out of an expression have the expression's line
workers = { for name in ["cpu", "GPU"] : name => { flavor = "m1.small", count = 1 } } # error
#> workers["GPU"]: 

### a wrong attribute of groups that come out of an expression
workers = { for name in ["cpu", "gpu"] : name => { flavor = name == "cpu" ? "m1.small" : "g9", count = 1 } } # error
#> workers["gpu"].flavor = "g9": no flavor has this name

### a front-end that comes out of an expression
front_end = merge({ flavor = "m1.medium" }, { image = "nope" }) # error
#> front_end.image = "nope": no image has this name

### a group that comes out of a local value
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
  workers   = local.ROW # error
}
locals {
  ROW = { gpu = { flavor = "m1.small", count = 1, image = "nope" } }
}
#> workers["gpu"].image = "nope": no image has this name

### a cluster's name that is a number
name = 5 # error
#> name = "5": 

### a front-end that is null
front_end = null # error
#> front_end: it has to be set

### no front-end: the words are the CLI's
resource "vmcluster_cluster" "ROW" { # error
  name    = "ROW"
  image   = "debian-13-hpc"
  network = "private"
}
#> "front_end" is required

### a computed attribute that is set
nodes = {} # error
#> nodes: it can't be set

### another computed attribute that is set
hosts_file = "10.0.0.1 astro" # error
#> hosts_file

### a block in place of an attribute: the words are the CLI's
resource "vmcluster_cluster" "ROW" {
  name    = "ROW"
  image   = "debian-13-hpc"
  network = "private"
  front_end = { flavor = "m1.medium" }
  workers { # error
  }
}

### a count of the resource that is no number of workers
count = 0
