module github.com/vmcluster/terraform-provider-vmcluster

go 1.26.0
