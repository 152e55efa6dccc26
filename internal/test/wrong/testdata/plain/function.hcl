### user_data of a number
locals {
  ROW = provider::vmcluster::user_data(5) # error
}
#> an object is needed

### user_data of null
locals {
  ROW = provider::vmcluster::user_data(null) # error
}

### user_data without a name
locals {
  ROW = provider::vmcluster::user_data({ group = "cpu" }) # error
}
#> name

### user_data with an unknown attribute
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", flavour = "x" }) # error
}
#> "flavour"

### user_data with a wrong name
locals {
  ROW = provider::vmcluster::user_data({ name = "Astro" }) # error
}
#> DNS label

### user_data with a wrong group
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", group = "CPU" }) # error
}
#> DNS label

### user_data with a name that is a list
locals {
  ROW = provider::vmcluster::user_data({ name = ["astro"] }) # error
}
#> name: a text is needed

### user_data with an unknown batch system
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", batch_system = "pbs" }) # error
}
#> batch_system

### user_data with a uid that is a text
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", login_uid = "x" }) # error
}
#> login_uid: a whole number is needed

### user_data with a fraction as uid
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", login_uid = 1000.5 }) # error
}
#> login_uid: a whole number is needed

### user_data with a negative number of workers
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", workers = { cpu = -1 } }) # error
}
#> workers: "cpu": -1 is out of range

### user_data with workers that are a number
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", workers = 3 }) # error
}
#> workers: a map is needed

### user_data with files that are a text
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", files = "/etc/motd" }) # error
}
#> files: a map is needed

### user_data with a relative path
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", files = { "etc/motd" = "x" } }) # error
}
#> files["etc/motd"] is not an absolute path

### user_data with a cloud-config that is none
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", cloud_config = "packages: []" }) # error
}
#> cloud_config must have "#cloud-config"

### user_data with a cloud-config that is a list
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", cloud_config = "#cloud-config\n- a\n" }) # error
}
#> mapping

### user_data that is too large
locals {
  ROW = provider::vmcluster::user_data({ name = "astro", files = { "/x" = join("", [for i in range(1000) : sha512(tostring(i))]) } }) # error
}
#> Nova takes 49149

### user_data without an argument: the words are the CLI's
locals {
  ROW = provider::vmcluster::user_data() # error
}

### a function that does not exist: the words are the CLI's
locals {
  ROW = provider::vmcluster::ssh_file({}) # error
}

### hosts_file of a text: the words are the CLI's
locals {
  ROW = provider::vmcluster::hosts_file("astro") # error
}

### hosts_file of nodes without an address: the words are the CLI's
locals {
  ROW = provider::vmcluster::hosts_file({ a = { ip = "10.0.0.1" } }) # error
}

### hosts_file of a list: the words are the CLI's
locals {
  ROW = provider::vmcluster::hosts_file([{ address = "10.0.0.1" }]) # error
}
