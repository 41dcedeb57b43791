package kubernetes

import (
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

func TestHowAProcessEndedIsTheKeepersWordOrNobodys(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const killed = `{"code":-1,"signal":9,"oom":false,"at":"2026-01-02T03:04:05Z"}`
	for name, tt := range map[string]struct {
		said core.ContainerStateTerminated
		want runtime.Exit
	}{
		"the keeper's word": {core.ContainerStateTerminated{ExitCode: 5, Message: `{"code":5,"signal":0,"oom":false,"at":"2026-01-02T03:04:05Z"}`}, runtime.Exit{Code: 5, At: at}},
		"killed":            {core.ContainerStateTerminated{ExitCode: 137, Reason: "Error", Message: killed}, runtime.Exit{Code: -1, Signal: 9, At: at}},
		"killed by the kernel for its memory": {core.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", Message: killed},
			runtime.Exit{Code: -1, Signal: 9, OOM: true, At: at}},
		"the keeper was killed too": {core.ContainerStateTerminated{ExitCode: 137, Reason: "Error", FinishedAt: meta.NewTime(at)}, runtime.Exit{Code: -1, Signal: 9, At: at}},
		"all of it out of memory":   {core.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", FinishedAt: meta.NewTime(at)}, runtime.Exit{Code: -1, Signal: 9, OOM: true, At: at}},
		"the keeper could not start it": {core.ContainerStateTerminated{ExitCode: 1, Message: "drey-keep: cannot start the process", FinishedAt: meta.NewTime(at)},
			runtime.Exit{Code: -1, At: at}},
		"the kubelet lost it": {core.ContainerStateTerminated{ExitCode: 137, Reason: "ContainerStatusUnknown"}, runtime.Exit{Code: -1}},
	} {
		if got := exitOfContainer(&tt.said); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}
