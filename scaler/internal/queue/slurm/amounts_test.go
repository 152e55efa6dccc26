package slurm

import (
	"testing"
	"time"
)

func TestMiB(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "512M": 512, "2000": 2000, "1G": 1024, "7.81G": 7998, "1.50T": 1572864, "100K": 1, "1P": mostAmount, "": 0, "x": 0, "-5M": 0, "NaN": 0, "InfM": mostAmount, "M": 0,
	} {
		if got := mib(text); got != want {
			t.Errorf("%q is %d MiB, want %d", text, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5:00": 5 * time.Minute, "1:00:00": time.Hour, "365-00:00:00": 365 * 24 * time.Hour, "1-02:03:04": 26*time.Hour + 3*time.Minute + 4*time.Second,
		"UNLIMITED": unlimited, "NOT_SET": unlimited, "INVALID": unlimited, "": unlimited, "1:2:3:4": unlimited, "x:00": unlimited, "-1:00": unlimited,
	} {
		if got := limit(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestGPUsIn(t *testing.T) {
	for list, want := range map[string]int{
		"": 0, "(null)": 0, "gpu": 1, "gpu:2": 2, "gpu:a100": 1, "gpu:a100:2": 2, "gpu:1g.5gb:3": 3, "gpu:2(S:0-1)": 2, "gpu:a100:2(IDX:0-1)": 2, "gpu:0(IDX:N/A)": 0,
		"gres:gpu:3": 3, "gres:gpu:a100:2": 2, "gres/gpu:2": 2, "gres/gpu=2": 2, "cpu=2,gres/gpu=1": 1, "cpu=4,mem=1G,gres/gpu=2,gres/gpu:a100=2": 2,
		"gres/gpu:a100:1,gres/gpu:v100:2": 3, "gpumem:80G": 0, "shard:4,gpu:1": 1, "gres/gpu": 1, "gpu:-1": 1, "gpu:99999999999": mostAmount, "gpu:1K": 1024,
	} {
		if got := gpusIn(list); got != want {
			t.Errorf("%q has %d GPUs, want %d", list, got, want)
		}
	}
}

func TestTasksOf(t *testing.T) {
	for list, want := range map[string]taskSet{
		"3": {first: 3, count: 1}, "1-100%2": {first: 1, count: 100, most: 2}, "1,3,5-9": {first: 1, count: 7}, "0-20:4": {first: 0, count: 6}, "7,2": {first: 7, count: 2},
	} {
		if got, complete := tasksOf(list); got != want || !complete {
			t.Errorf("%q: %+v, %t, want %+v", list, got, complete, want)
		}
	}
	for list, want := range map[string]taskSet{
		"1-3,5,...": {first: 1, count: 4}, "": {}, "9-1": {}, "1-4:0": {}, "x": {}, "0-4294967295": {first: 0, count: mostTasks}, "0-4294967296": {},
	} {
		if got, complete := tasksOf(list); got != want || complete == (want.count < mostTasks) {
			t.Errorf("%q: %+v, %t, want %+v", list, got, complete, want)
		}
	}
}
