### an unknown image of the cluster
image = "debian-31" # error
#> Unknown image "debian-31"
#> image = "debian-31": no image has this name or ID
#> "debian-13-hpc"

### an unknown image of a group, beside a right one of the cluster
image = "debian-13-hpc"
workers = {
  cpu = { flavor = "m1.small", count = 1 }
  gpu = { flavor = "m1.small", count = 1, image = "nope" } # error
}
#> workers["gpu"].image = "nope": no image has this name

### an unknown image of a group that is written on several lines
workers = {
  gpu = { # error
    flavor = "m1.small"
    count  = 1
    image  = "debian"
  }
}
#> workers["gpu"].image = "debian": no image has this name

### an unknown image of the front-end
front_end = { # error
  flavor = "m1.medium"
  image  = "nope"
}
#> front_end.image = "nope": no image has this name

### the same unknown image in two groups: said once, at the first
workers = {
  a = { flavor = "m1.small", count = 1, image = "nope" } # error
  b = { flavor = "m1.small", count = 1, image = "nope" }
}
#> workers["a"].image = "nope"

### different unknown images in two groups
workers = {
  a = { flavor = "m1.small", count = 1, image = "nope" } # error
  b = { flavor = "m1.small", count = 1, image = "none" } # error
}
#> workers["a"].image = "nope"
#> workers["b"].image = "none"

### an unknown image ID
image = "a1599d16-0000-4000-8000-0000000000ff" # error
#> Unknown image "a1599d16-0000-4000-8000-0000000000ff"

### an image name that two images have
image = "twin" # error
#> Ambiguous image "twin"
#> image = "twin": 2 images have this name
#> a1599d16-0000-4000-8000-000000000003

### an ambiguous image of a group
workers = {
  gpu = { flavor = "m1.small", count = 1, image = "twin" } # error
}
#> workers["gpu"].image = "twin": 2 images have this name

### an image that is not active
workers = {
  gpu = { flavor = "m1.small", count = 1, image = "queued" } # error
}
#> workers["gpu"].image = "queued":
#> its state is queued

### an image whose case differs
image = "Debian-13-HPC" # error
#> "debian-13-hpc"

### an empty image
image = "" # error
#> image = "": 

### an empty image of a group
workers = {
  gpu = { flavor = "m1.small", count = 1, image = "" } # error
}
#> workers["gpu"].image = "": 

### no image for the front-end
image = null
front_end = { flavor = "m1.medium" } # error
workers = { cpu = { flavor = "m1.small", count = 1, image = "tiny" } }
#> Missing image
#> front_end.image: 

### no image for a group
image = null
front_end = { flavor = "m1.medium", image = "tiny" }
workers = {
  cpu = { flavor = "m1.small", count = 1 } # error
}
#> workers["cpu"].image: 

### an image that needs more RAM than the flavor of a group has
workers = {
  cpu = { flavor = "m1.small", count = 1, image = "needy", boot_volume = { size = 20 } } # error, warning
}
#> workers["cpu"].flavor = "m1.small":
#> 1024 MB

### an image that needs more disk and RAM than the front-end's flavor has
front_end = { flavor = "m1.tiny", image = "needy" } # 2 errors
#> front_end.flavor = "m1.tiny":
#> 10 GB

### a boot volume smaller than the image
workers = {
  cpu = { flavor = "m1.large", count = 1, image = "needy", boot_volume = { size = 5 } } # error, warning
}
#> workers["cpu"].boot_volume
#> 10 GB
