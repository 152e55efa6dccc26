package openstack_test

import (
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

var _ provision.Cloud = (*openstack.Client)(nil)
