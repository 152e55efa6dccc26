package openstacktest

import "net/http"

// routes is the table of all that the cloud answers.
func (c *Cloud) routes() *http.ServeMux {
	mux := http.NewServeMux()
	add := func(pattern string, h handler) { mux.HandleFunc(pattern, h.on(c)) }

	add("GET /identity/{$}", identityVersions)
	add("GET /identity", identityVersions)
	add("GET /identity/v3", identityVersion)
	add("GET /identity/v3/{$}", identityVersion)
	add("POST /identity/v3/auth/tokens", issueToken)
	add("GET /identity/v3/auth/tokens", showToken)
	add("/identity/", func(_ *Cloud, q *request) { identityError(q, http.StatusNotFound, "Not Found") })

	add("GET /compute/v2.1", compute(computeVersion))
	add("GET /compute/v2.1/{$}", compute(computeVersion))
	for pattern, h := range computeRoutes {
		add(pattern, compute(h))
	}
	add("/compute/", compute(func(_ *Cloud, q *request) { q.text(http.StatusNotFound, notFoundText) }))

	add("GET /network", networkVersions)
	add("GET /network/{$}", networkVersions)
	for pattern, h := range networkRoutes {
		add(pattern, network2(h))
	}
	add("/network/", network2(func(_ *Cloud, q *request) {
		networkError(q, http.StatusNotFound, "HTTPNotFound", "The resource could not be found.")
	}))

	for pattern, h := range volumeRoutes {
		add(pattern, network2(h))
	}

	add("GET /image", imageVersions)
	add("GET /image/{$}", imageVersions)
	add("GET /image/v2/images", image2(listImages))
	add("GET /image/v2/images/{id}", image2(showImage))
	add("/image/", image2(func(_ *Cloud, q *request) { q.text(http.StatusNotFound, notFoundText) }))
	return mux
}

const notFoundText = "404 Not Found\n\nThe resource could not be found.\n\n   \n"

var computeRoutes = map[string]handler{
	"GET /compute/v2.1/limits":                      showLimits,
	"GET /compute/v2.1/flavors":                     listFlavors(false),
	"GET /compute/v2.1/flavors/detail":              listFlavors(true),
	"GET /compute/v2.1/flavors/{id}":                showFlavor,
	"GET /compute/v2.1/flavors/{id}/os-extra_specs": showExtraSpecs,
	"GET /compute/v2.1/os-availability-zone":        listZones,
	"GET /compute/v2.1/os-keypairs":                 listKeyPairs,
	"POST /compute/v2.1/os-keypairs":                createKeyPair,
	"GET /compute/v2.1/os-keypairs/{id}":            showKeyPair,
	"DELETE /compute/v2.1/os-keypairs/{id}":         deleteKeyPair,

	"GET /compute/v2.1/os-server-groups":         listServerGroups,
	"POST /compute/v2.1/os-server-groups":        createServerGroup,
	"GET /compute/v2.1/os-server-groups/{id}":    ofServerGroup(showServerGroup),
	"DELETE /compute/v2.1/os-server-groups/{id}": ofServerGroup(deleteServerGroup),

	"GET /compute/v2.1/servers":         listServers(false),
	"GET /compute/v2.1/servers/detail":  listServers(true),
	"POST /compute/v2.1/servers":        createServer,
	"GET /compute/v2.1/servers/{id}":    ofServer(showServer),
	"DELETE /compute/v2.1/servers/{id}": ofServer(deleteServer),

	"GET /compute/v2.1/servers/{id}/tags":          tagged(listTags),
	"PUT /compute/v2.1/servers/{id}/tags":          tagged(replaceTags),
	"DELETE /compute/v2.1/servers/{id}/tags":       tagged(clearTags),
	"GET /compute/v2.1/servers/{id}/tags/{tag}":    tagged(checkTag),
	"PUT /compute/v2.1/servers/{id}/tags/{tag}":    tagged(addTag),
	"DELETE /compute/v2.1/servers/{id}/tags/{tag}": tagged(deleteTag),

	"GET /compute/v2.1/servers/{id}/metadata":          ofServer(listMetadata),
	"PUT /compute/v2.1/servers/{id}/metadata":          ofServer(putMetadata(true)),
	"POST /compute/v2.1/servers/{id}/metadata":         ofServer(putMetadata(false)),
	"GET /compute/v2.1/servers/{id}/metadata/{key}":    ofServer(showMetadata),
	"PUT /compute/v2.1/servers/{id}/metadata/{key}":    ofServer(putMetadataItem),
	"DELETE /compute/v2.1/servers/{id}/metadata/{key}": ofServer(deleteMetadata),

	"GET /compute/v2.1/servers/{id}/os-server-password":    ofServer(showPassword),
	"DELETE /compute/v2.1/servers/{id}/os-server-password": ofServer(clearPassword),
	"GET /compute/v2.1/servers/{id}/os-interface":          ofServer(listInterfaces),
	"POST /compute/v2.1/servers/{id}/action":               ofServer(serverAction),
}

var networkRoutes = map[string]handler{
	"GET /network/v2.0/networks":                  networks.list,
	"GET /network/v2.0/networks/{id}":             networks.show,
	"GET /network/v2.0/subnets":                   subnets.list,
	"GET /network/v2.0/subnets/{id}":              subnets.show,
	"GET /network/v2.0/ports":                     ports.list,
	"POST /network/v2.0/ports":                    createPort,
	"GET /network/v2.0/ports/{id}":                ports.show,
	"DELETE /network/v2.0/ports/{id}":             deletePort,
	"GET /network/v2.0/security-groups":           securityGroups.list,
	"GET /network/v2.0/security-groups/{id}":      securityGroups.show,
	"GET /network/v2.0/floatingips":               listFloatingIPs,
	"POST /network/v2.0/floatingips":              createFloatingIP,
	"GET /network/v2.0/floatingips/{id}":          showFloatingIP,
	"PUT /network/v2.0/floatingips/{id}":          updateFloatingIP,
	"DELETE /network/v2.0/floatingips/{id}":       deleteFloatingIP,
	"GET /network/v2.0/network-ip-availabilities": listIPAvailabilities,
	"GET /network/v2.0/quotas/{id}":               showNetworkQuota(false),
	"GET /network/v2.0/quotas/{id}/details.json":  showNetworkQuota(true),
}

type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}
