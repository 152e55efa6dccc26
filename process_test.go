package main

import "testing"

func TestLogsAreRead(t *testing.T) {
	t.Parallel()
	for environ, want := range map[string]bool{
		"":                                false,
		"PATH=/bin":                       false,
		"TF_LOG=":                         false,
		"TF_LOG_PATH=terraform.log":       false, // the CLI writes a file where it writes logs
		"TF_LOG=debug":                    true,
		"TF_LOG_PROVIDER=trace":           true,
		"TF_LOG_PROVIDER_VMCLUSTER=trace": true,
		"TF_LOG_SDK_PROTO=trace":          true,
		"TF_ACC_LOG=trace":                true,
	} {
		if got := logsAreRead([]string{"HOME=/root", environ}); got != want {
			t.Errorf("%q: %t", environ, got)
		}
	}
}
