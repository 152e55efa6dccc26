package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// cronJob is the part of a CronJob that has to fit the rest.
type cronJob struct {
	Kind string            `yaml:"kind"`
	Data map[string]string `yaml:"data"`
	Spec struct {
		ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
		JobTemplate       struct {
			Spec struct {
				BackoffLimit *int `yaml:"backoffLimit"`
				Template     struct {
					Spec podSpec `yaml:"spec"`
				} `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type podSpec struct {
	RestartPolicy   string `yaml:"restartPolicy"`
	SecurityContext struct {
		RunAsNonRoot bool `yaml:"runAsNonRoot"`
		RunAsUser    int  `yaml:"runAsUser"`
	} `yaml:"securityContext"`
	Containers []struct {
		Image           string   `yaml:"image"`
		Args            []string `yaml:"args"`
		SecurityContext struct {
			ReadOnly bool `yaml:"readOnlyRootFilesystem"`
		} `yaml:"securityContext"`
		Env []struct {
			Name, Value string
		} `yaml:"env"`
		VolumeMounts []struct {
			Name      string `yaml:"name"`
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	} `yaml:"containers"`
	Volumes []struct {
		Name string `yaml:"name"`
	} `yaml:"volumes"`
}

func TestCronJob(t *testing.T) {
	var job, config0 cronJob
	documents := strings.Split(read(t, "examples/container/cronjob.yaml"), "\n---\n")
	if len(documents) != 2 {
		t.Fatalf("%d documents", len(documents))
	}
	for i, into := range []*cronJob{&config0, &job} {
		if err := yaml.Unmarshal([]byte(documents[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse("scaler.hcl", []byte(config0.Data["scaler.hcl"]))
	if err != nil || config0.Kind != "ConfigMap" {
		t.Fatalf("%s: %v", config0.Kind, err)
	}
	pod := job.Spec.JobTemplate.Spec.Template.Spec
	if job.Kind != "CronJob" || job.Spec.ConcurrencyPolicy != "Forbid" || job.Spec.JobTemplate.Spec.BackoffLimit == nil ||
		*job.Spec.JobTemplate.Spec.BackoffLimit != 0 || pod.RestartPolicy != "Never" || len(pod.Containers) != 1 {
		t.Fatalf("%+v", job.Spec)
	}
	box := pod.Containers[0]
	if !slices.Equal(box.Args, []string{"once", "--config", "/etc/vmcluster/scaler.hcl"}) {
		t.Errorf("args %v", box.Args)
	}
	if !pod.SecurityContext.RunAsNonRoot || !box.SecurityContext.ReadOnly ||
		!strings.Contains(read(t, "examples/container/Containerfile"), "USER "+strconv.Itoa(pod.SecurityContext.RunAsUser)+":") {
		t.Errorf("%+v, %+v", pod.SecurityContext, box.SecurityContext)
	}
	mounts := map[string]string{}
	for _, m := range box.VolumeMounts {
		mounts[m.MountPath] = m.Name
	}
	needed := []string{"/etc/vmcluster", tokenDirectory(t, c.Queue), "/tmp"}
	for _, e := range box.Env {
		needed = append(needed, filepath.Dir(e.Value))
	}
	for _, path := range needed {
		volume, mounted := mounts[path]
		if !mounted || !slices.ContainsFunc(pod.Volumes, func(v struct {
			Name string `yaml:"name"`
		}) bool {
			return v.Name == volume
		}) {
			t.Errorf("%s is mounted from %q, which is no volume", path, volume)
		}
	}
}

// tokenDirectory returns the directory in which the tools of a queue are told to
// look for a token.
func tokenDirectory(t *testing.T, q config.Queue) string {
	t.Helper()
	var run recordingRunner
	_, _ = q.Settings.Reader(&run).Read(t.Context())
	for _, e := range run.env {
		if directory, ok := strings.CutPrefix(e, "_CONDOR_SEC_TOKEN_DIRECTORY="); ok {
			return directory
		}
	}
	t.Errorf("the tools are not told of a token: %v", run.env)
	return ""
}

// recordingRunner runs nothing.
type recordingRunner struct{ env []string }

func (r *recordingRunner) Run(_ context.Context, c command.Command, _ func(io.Reader) error) error {
	r.env = c.Env
	return errors.New("nothing is run here")
}

// fields are those that the API reference of Kubernetes documents, of the objects
// in the manifest: batch/v1 CronJob, and v1 of the rest. Kubernetes drops others
// with a warning at most.
var fields = map[string]string{
	"ConfigMap":          "apiVersion kind metadata:ObjectMeta data:- binaryData:- immutable",
	"CronJob":            "apiVersion kind metadata:ObjectMeta spec:CronJobSpec",
	"ObjectMeta":         "name namespace labels:- annotations:-",
	"CronJobSpec":        "concurrencyPolicy failedJobsHistoryLimit jobTemplate:JobTemplate schedule startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone",
	"JobTemplate":        "metadata:ObjectMeta spec:JobSpec",
	"JobSpec":            "activeDeadlineSeconds backoffLimit completions parallelism template:PodTemplate ttlSecondsAfterFinished",
	"PodTemplate":        "metadata:ObjectMeta spec:PodSpec",
	"PodSpec":            "automountServiceAccountToken containers:Container restartPolicy securityContext:PodSecurityContext terminationGracePeriodSeconds volumes:Volume serviceAccountName nodeSelector:- imagePullSecrets:-",
	"PodSecurityContext": "fsGroup runAsGroup runAsNonRoot runAsUser seccompProfile:SeccompProfile supplementalGroups:-",
	"SeccompProfile":     "type localhostProfile",
	"Container":          "name image imagePullPolicy args:- command:- env:EnvVar resources:Resources securityContext:SecurityContext volumeMounts:VolumeMount workingDir",
	"EnvVar":             "name value valueFrom:-",
	"Resources":          "limits:- requests:-",
	"SecurityContext":    "allowPrivilegeEscalation capabilities:Capabilities privileged readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seccompProfile:SeccompProfile",
	"Capabilities":       "add:- drop:-",
	"VolumeMount":        "name mountPath readOnly subPath",
	"Volume":             "name configMap:ConfigMapVolume secret:SecretVolume emptyDir:EmptyDir",
	"ConfigMapVolume":    "name defaultMode items:KeyToPath optional",
	"SecretVolume":       "secretName defaultMode items:KeyToPath optional",
	"KeyToPath":          "key path mode",
	"EmptyDir":           "medium sizeLimit",
}

// documented checks an object's fields, and those of what is in it.
func documented(t *testing.T, kind, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			documented(t, kind, where, element)
		}
		return
	case map[string]any:
		known := map[string]string{}
		for _, field := range strings.Fields(fields[kind]) {
			name, of, _ := strings.Cut(field, ":")
			known[name] = of
		}
		for name, inner := range v {
			of, ok := known[name]
			if !ok {
				t.Errorf("%s.%s: %s has no such field", where, name, kind)
			} else if of != "" && of != "-" {
				documented(t, of, where+"."+name, inner)
			} else if _, is := inner.(map[string]any); is && of == "" {
				t.Errorf("%s.%s is an object", where, name)
			}
		}
		return
	}
	t.Errorf("%s is %v, and no %s", where, v, kind)
}

func TestCronJobHasOnlyDocumentedFields(t *testing.T) {
	versions := map[string]string{"ConfigMap": "v1", "CronJob": "batch/v1"}
	for text := range strings.SplitSeq(read(t, "examples/container/cronjob.yaml"), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		kind, _ := object["kind"].(string)
		if versions[kind] == "" || object["apiVersion"] != versions[kind] {
			t.Errorf("%v of version %v", object["kind"], object["apiVersion"])
		}
		documented(t, kind, kind, object)
		delete(versions, kind)
	}
	if len(versions) > 0 {
		t.Errorf("not in the manifest: %v", versions)
	}
}
