package cluster

import "regexp"

// faultWords sorts Nova's and Neutron's words by what helps. Several may stand in
// one message ("No valid host was found. Exceeded max scheduling attempts 3 …
// Last exception: …"): the more special ones come first.
var faultWords = []struct {
	kind  FaultKind
	words *regexp.Regexp
}{
	{FaultQuota, regexp.MustCompile(`(?i)quota|maximum number of [\w-]+ exceeded|PortLimitExceeded|TooManyInstances|\bexceeds? allowed\b`)},
	{FaultNetwork, regexp.MustCompile(`(?i)allocate the network|no more (ip addresses|fixed ip)|no fixed ip|NoMoreFixedIps|port binding failed|binding failed for port|PortBindingFailed|virtual interface creation|vif (plugging|creation)|network \S+ (could not be found|requires a subnet)|NoMoreNetworks|IpAddressGenerationFailure`)},
	{FaultVolume, regexp.MustCompile(`(?i)volume \S+ (did not finish|could not be)|VolumeNotCreated|block device mapping|invalid volume|volume type`)},
	{FaultImage, regexp.MustCompile(`(?i)image \S+ (could not be found|is unacceptable|is not active|is corrupt)|ImageNotFound|disk is too small for requested image|memory is too small for requested image|ImageUnacceptable|converted to raw|unsupported image`)},
	{FaultNoHost, regexp.MustCompile(`(?i)no valid host|exhausted all hosts|insufficient compute resources|not enough hosts|max scheduling attempts|group policy was violated`)},
}

// FaultOfWords returns the kind of fault that a message speaks of, or FaultOther.
func FaultOfWords(message string) FaultKind {
	for _, f := range faultWords {
		if f.words.MatchString(message) {
			return f.kind
		}
	}
	return FaultOther
}
