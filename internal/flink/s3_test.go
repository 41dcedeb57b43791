package flink

import (
	"fmt"
	"strings"
	"testing"

	"drey/internal/secret"
)

// Each process has the credentials in its environment, and they are nowhere else.
func TestCredentialsOfS3AreInTheEnvironmentOnly(t *testing.T) {
	t.Parallel()
	p := testPlan()
	p.Config = map[string]string{"s3.path-style-access": "false"}
	p.Storage.S3 = S3{Endpoint: "http://s3.example.com:9000", PathStyle: true, AccessKey: "the-access-key", SecretKey: secret.New("the-secret-key")}
	r, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range r.Processes {
		if process.Env["AWS_ACCESS_KEY_ID"] != "the-access-key" || process.Env["AWS_SECRET_ACCESS_KEY"] != "the-secret-key" {
			t.Errorf("%s %d has no credentials", process.Role, process.Index)
		}
		if _, set := process.Env["AWS_SESSION_TOKEN"]; set {
			t.Errorf("%s %d has a token, though there is none", process.Role, process.Index)
		}
		if text := strings.Join(process.Args, " "); strings.Contains(text, "the-") {
			t.Errorf("a command line has a secret: %s", text)
		}
	}
	for _, f := range r.Files {
		if strings.Contains(f.Content.Reveal(), "the-") {
			t.Errorf("%s has a secret", f.Name)
		}
	}
	if text := fmt.Sprint(r.Config); strings.Contains(text, "the-") {
		t.Error("the configuration that is shown has a secret")
	}
	for key, want := range map[string]string{"s3.endpoint": "http://s3.example.com:9000", "s3.endpoint.region": "us-east-1", "s3.path-style-access": "false"} {
		if got := r.Config[key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestWithoutS3NothingIsSaidOfIt(t *testing.T) {
	t.Parallel()
	r, err := Render(testPlan())
	if err != nil {
		t.Fatal(err)
	}
	for key := range r.Config {
		if strings.HasPrefix(key, "s3.") {
			t.Errorf("there is a key %s", key)
		}
	}
	for name := range r.Processes[0].Env {
		if strings.HasPrefix(name, "AWS_") {
			t.Errorf("there is a variable %s", name)
		}
	}
}
