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
		"Maximum number of ports exceeded": FaultQuota,
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
