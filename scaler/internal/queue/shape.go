package queue

import "fmt"

// Shape is the amounts that a job asks for or that a worker has. A worker's disk
// of zero is not known and is not compared.
type Shape struct {
	Cpus      int `json:"cpus"`
	MemoryMiB int `json:"memory_mib"`
	DiskKiB   int `json:"disk_kib,omitempty"`
	GPUs      int `json:"gpus,omitempty"`
}

// noDisk is a disk of which nothing is left: 0 would read as "not known".
const noDisk = 1

// Add returns the sum.
func (s Shape) Add(o Shape) Shape {
	return Shape{s.Cpus + o.Cpus, s.MemoryMiB + o.MemoryMiB, s.DiskKiB + o.DiskKiB, s.GPUs + o.GPUs}
}

// Take returns s without n times o. An unknown disk stays unknown.
func (s Shape) Take(o Shape, n int) Shape {
	s.Cpus -= n * o.Cpus
	s.MemoryMiB -= n * o.MemoryMiB
	s.GPUs -= n * o.GPUs
	if s.DiskKiB > 0 {
		s.DiskKiB = max(noDisk, s.DiskKiB-n*o.DiskKiB)
	}
	return s
}

// Holds returns how many times o fits into s, at most limit.
func (s Shape) Holds(o Shape, limit int) int {
	n := limit
	n = min(n, times(s.Cpus, o.Cpus, limit))
	n = min(n, times(s.MemoryMiB, o.MemoryMiB, limit))
	n = min(n, times(s.GPUs, o.GPUs, limit))
	switch {
	case s.DiskKiB == noDisk && o.DiskKiB > 0:
		return 0
	case s.DiskKiB > 0:
		n = min(n, times(s.DiskKiB, o.DiskKiB, limit))
	}
	return max(n, 0)
}

func times(have, ask, limit int) int {
	if ask <= 0 {
		return limit
	}
	return max(have, 0) / ask
}

// Lacking returns the name of the first amount in which o exceeds s: "memory"; ""
// if o fits.
func (s Shape) Lacking(o Shape) string {
	switch {
	case o.Cpus > s.Cpus:
		return "CPUs"
	case o.MemoryMiB > s.MemoryMiB:
		return "memory"
	case o.GPUs > s.GPUs:
		return "GPUs"
	case s.DiskKiB > 0 && o.DiskKiB > s.DiskKiB:
		return "disk"
	}
	return ""
}

// Amount returns the amount that Lacking names, memory and disk in MiB.
func (s Shape) Amount(what string) int {
	switch what {
	case "CPUs":
		return s.Cpus
	case "memory":
		return s.MemoryMiB
	case "GPUs":
		return s.GPUs
	}
	return s.DiskKiB / 1024
}

// String returns the shape for people: "4 CPUs, 7.8 GiB".
func (s Shape) String() string {
	text := fmt.Sprintf("%d CPUs, %s", s.Cpus, MiB(s.MemoryMiB))
	if s.Cpus == 1 {
		text = "1 CPU, " + MiB(s.MemoryMiB)
	}
	switch {
	case s.GPUs == 1:
		text += ", 1 GPU"
	case s.GPUs > 1:
		text += fmt.Sprintf(", %d GPUs", s.GPUs)
	}
	return text
}

// MiB returns an amount of MiB for people: "7.8 GiB".
func MiB(n int) string {
	if n < 1024 {
		return fmt.Sprintf("%d MiB", n)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/1024)
}
