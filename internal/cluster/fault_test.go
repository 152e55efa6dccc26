package cluster

import "testing"

// The messages are Nova's and Neutron's own.
func TestFaultOfWords(t *testing.T) {
	for message, want := range map[string]FaultKind{
		"No valid host was found. There are not enough hosts available.":                                                                                                                             FaultNoHost,
		"Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance 4e3b.":                                                                           FaultNoHost,
		"Exceeded maximum number of retries. Exceeded max scheduling attempts 3 for instance b2364f00-21f5-477f-964f-bd1a995e89fd. Last exception: Anti-affinity instance group policy was violated": FaultNoHost,
		"Insufficient compute resources: Free memory 256.00 MB < requested 512 MB.":                                                                                                                  FaultNoHost,
		"Quota exceeded for cores, instances: Requested 1, 1, but already used 20, 10 of 20, 10 cores, instances":                                                                                    FaultQuota,
		"Maximum number of ports exceeded":                                                                                        FaultQuota,
		"Maximum number of metadata items exceeds 128":                                                                            FaultQuota,
		"VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded":                                                    FaultQuota,
		"Project 4e3b is over a limit for [Resource image_count_total is over limit of 10 due to current usage 11 and delta 1]":   FaultQuota,
		"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota.":                          FaultQuota,
		"Build of instance 4e3b aborted: Failed to allocate the network(s), not rescheduling.":                                    FaultNetwork,
		"No valid host was found. Exceeded max scheduling attempts 3 for instance 4e3b. Last exception: Binding failed for port":  FaultNetwork,
		"No fixed IP addresses available for network: 4e3b":                                                                       FaultNetwork,
		"No more IP addresses available on network 4e3b.":                                                                         FaultNetwork,
		"Virtual Interface creation failed":                                                                                       FaultNetwork,
		"Image 4e3b is unacceptable: Image is not raw format":                                                                     FaultImage,
		"Image 4e3b could not be found.":                                                                                          FaultImage,
		"Flavor's disk is too small for requested image. Flavor disk is 1073741824 bytes, image is 2361393152 bytes.":             FaultImage,
		"Build of instance 4e3b aborted: Volume 77 did not finish being created even after we waited 187 seconds or 61 attempts.": FaultVolume,
		"Unexpected vif_type=unbound":                                                                                             FaultOther,
		"":                                                                                                                        FaultOther,
	} {
		if got := FaultOfWords(message); got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
}

// A message means the same in the answer to a request and in the fault of a server.
func TestOneMessageIsOneKind(t *testing.T) {
	for _, message := range []string{
		"No more IP addresses available on network 4e3b.",
		"No fixed IP addresses available for network: 4e3b",
		"Quota exceeded for cores, instances: Requested 1, 1, but already used 20, 10 of 20, 10 cores, instances",
		"Maximum number of ports exceeded",
		"No valid host was found. There are not enough hosts available.",
		"No valid host was found. Exceeded max scheduling attempts 3 for instance 4e3b. Last exception: Binding failed for port",
	} {
		of := FaultOfWords(message)
		for _, status := range []int{403, 409, 413} {
			if got := FaultOfAnswer(status, false, message); got != of {
				t.Errorf("%q with status %d: %s, as the fault of a server: %s", message, status, got, of)
			}
		}
	}
}

func TestFaultOfAnswer(t *testing.T) {
	for _, row := range []struct {
		status     int
		retryAfter bool
		message    string
		want       FaultKind
	}{
		{403, false, "Personality file limit exceeded", FaultQuota},
		{403, false, "Policy doesn't allow os_compute_api:servers:create to be performed.", FaultForbidden},
		{409, false, "Cannot 'delete' instance 4e3b while it is in vm_state building", FaultConflict},
		{404, false, "Image 4e3b could not be found.", FaultNotFound},
		{404, false, "Network 4e3b could not be found.", FaultNotFound},
		{400, false, "Flavor's disk is too small for requested image.", FaultBadRequest},
		{413, true, "Quota of requests exceeded", FaultRateLimited},
		{429, false, "Too Many Requests", FaultRateLimited},
		{500, false, "No valid host was found.", FaultNoHost},
		{500, false, "Unexpected API Error. Quota", FaultUnavailable}, // the outcome is unknown
		{501, false, "", FaultOther},
		{408, false, "", FaultUnavailable},
	} {
		if got := FaultOfAnswer(row.status, row.retryAfter, row.message); got != row.want {
			t.Errorf("%d %q: %s, want %s", row.status, row.message, got, row.want)
		}
	}
}
