### hosts_file of an address of two lines
output "ROW" {
  value = provider::vmcluster::hosts_file({ a = { address = "10.0.0.1\n10.6.6.6 github.com" } }) # error
}
#> not an IP address

### hosts_file of no address
output "ROW" {
  value = provider::vmcluster::hosts_file({ a = { address = "web" } }) # error
}
#> not an IP address

### hosts_file of a name of two lines
output "ROW" {
  value = provider::vmcluster::hosts_file({ "a\n10.6.6.6 b" = { address = "10.0.0.1" } }) # error
}
#> not a host name

### hosts_file of a name with a space
output "ROW" {
  value = provider::vmcluster::hosts_file({ "a b" = { address = "10.0.0.1" } }) # error
}
#> not a host name

### hosts_file of an interface
output "ROW" {
  value = provider::vmcluster::hosts_file({ a = { address = "fe80::1%eth0" } }) # error
}
#> network interface

### user_data of root
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", login_user = "root" }) # error
}
#> a system account

### user_data of an image's account
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", login_user = "debian" }) # error
}
#> a system account

### user_data of a login_user of two lines
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", login_user = "ada\nx" }) # error
}
#> not a user name

### user_data of a system's uid
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", login_uid = 0 }) # error
}
#> must be between 1000 and 60000

### user_data of a number of workers that no group has
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", workers = { cpu = 20000 } }) # error
}
#> at most 10000 workers

### user_data of a fraction of a worker
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", workers = { cpu = 1.5 } }) # error
}
#> whole number

### user_data of a file of the provider's
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", files = { "/etc/hosts" = "x" } }) # error
}
#> provider's own

### user_data of a key of root's
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", files = { "/root/.ssh/authorized_keys" = "x" } }) # error
}
#> who gets in as root

### user_data of power_state
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", cloud_config = "#cloud-config\npower_state: {mode: halt}" }) # error
}
#> power_state

### user_data of a batch system that does not exist
output "ROW" {
  value = provider::vmcluster::user_data({ name = "astro", batch_system = "pbs" }) # error
}
#> pbs
