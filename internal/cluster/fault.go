package cluster

import "regexp"

// faultWords sorts the words of Nova, Neutron and Cinder by what helps. One message
// may hold several ("No valid host was found. Exceeded max scheduling attempts 3 …
// Last exception: …"), so the more special ones come first. A subnet without a free
// address is a fault of the network: more quota does not help.
var faultWords = []struct {
	kind  FaultKind
	words *regexp.Regexp
}{
	{FaultQuota, regexp.MustCompile(`(?i)quota|maximum number of [\w -]+ (allowed \(\d+\) )?exceed(s|ed)|PortLimitExceeded|TooManyInstances|\bexceeds? allowed\b|is over a limit for`)},
	{FaultNetwork, regexp.MustCompile(`(?i)allocate the network|no more (ip addresses|fixed ip)|no fixed ip|NoMoreFixedIps|port binding failed|binding failed for port|PortBindingFailed|virtual interface creation|vif (plugging|creation)|network \S+ (could not be found|requires a subnet)|NoMoreNetworks|IpAddressGenerationFailure`)},
	{FaultVolume, regexp.MustCompile(`(?i)volume \S+ (did not finish|could not be)|VolumeNotCreated|block device mapping|invalid volume|volume type`)},
	{FaultImage, regexp.MustCompile(`(?i)image \S+ (could not be found|is unacceptable|is not active|is corrupt)|ImageNotFound|disk is too small for requested image|memory is too small for requested image|ImageUnacceptable|converted to raw|unsupported image`)},
	{FaultNoHost, regexp.MustCompile(`(?i)no valid host|exhausted all hosts|insufficient compute resources|not enough hosts|max scheduling attempts|group policy was violated`)},
}

var (
	// noHostWords introduce why a server was not placed, whatever the status.
	noHostWords = regexp.MustCompile(`(?i)no valid host`)
	// limitWords speak of a limit in a refusal with a status that limits have.
	limitWords = regexp.MustCompile(`(?i)\bexceed(s|ed)\b`)
)

// FaultOfWords returns the kind of fault in a message, or FaultOther.
func FaultOfWords(message string) FaultKind {
	for _, f := range faultWords {
		if f.words.MatchString(message) {
			return f.kind
		}
	}
	return FaultOther
}

// FaultOfAnswer returns the kind of fault that an API's refusal or failure is: by
// its words where those say more than its HTTP status, else by the status. A full
// quota is a 403 in Nova, a 409 in Neutron and a 413 in Cinder and Glance.
// retryAfter reports whether the answer says when to come back.
func FaultOfAnswer(status int, retryAfter bool, message string) FaultKind {
	words, kind := FaultOfWords(message), FaultOfStatus(status, retryAfter)
	switch {
	case noHostWords.MatchString(message):
		return words
	case kind == FaultRateLimited:
		return kind
	case status == 403, status == 409, status == 413:
		switch {
		case words == FaultQuota, words == FaultNetwork:
			return words
		case limitWords.MatchString(message):
			return FaultQuota
		}
	}
	return kind
}

// FaultOfStatus returns the kind of fault that an answer's HTTP status stands for.
// retryAfter reports whether the answer says when to come back.
func FaultOfStatus(status int, retryAfter bool) FaultKind {
	switch {
	case status == 429, status == 498, // 498 is the rate limit of Swift and of some proxies
		status == 413 && retryAfter: // Nova's OverLimit
		return FaultRateLimited
	case status == 401:
		return FaultAuth
	case status == 403:
		return FaultForbidden
	case status == 404, status == 410:
		return FaultNotFound
	case status == 409:
		return FaultConflict
	case status == 408, status >= 500 && status != 501:
		return FaultUnavailable
	case status >= 400 && status < 500:
		return FaultBadRequest
	}
	return FaultOther
}
