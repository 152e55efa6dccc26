package cloudinit

import "testing"

// A thousand workers are rendered by one apply, on the machine that runs it.
func BenchmarkWorker(b *testing.B) {
	in := worker()
	size := 0
	for b.Loop() {
		out, err := Worker(in)
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.ReportMetric(float64(size), "bytes")
}
