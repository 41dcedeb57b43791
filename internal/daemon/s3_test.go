package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/storage"
)

func TestCredentialsOfS3(t *testing.T) {
	const access, hidden = "the-access-key", "the-hidden-key"
	for why, tt := range map[string]struct {
		file string            // "" = none is named, "-" = one that is not there
		env  map[string]string // of the server
		fail string
	}{
		"in a file":            {file: "[default]\naws_access_key_id = " + access + "\naws_secret_access_key = " + hidden + "\n"},
		"in the environment":   {env: map[string]string{"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": hidden}},
		"nowhere":              {fail: "storage.s3.credentials"},
		"half of them":         {env: map[string]string{"AWS_ACCESS_KEY_ID": access}, fail: "AWS_SECRET_ACCESS_KEY"},
		"in a file not there":  {file: "-", fail: "cannot read the credentials"},
		"in another profile":   {file: "[other]\naws_access_key_id = " + access + "\naws_secret_access_key = " + hidden + "\n", fail: "[default]"},
		"in a file of another": {file: hidden + "\n", fail: "[default]"},
		"a file beats the environment, also one without them": {file: "[default]\n", env: map[string]string{"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": hidden}, fail: "[default]"},
	} {
		t.Run(why, func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
				t.Setenv(name, tt.env[name])
			}
			s := S3{Buckets: []string{"state"}}
			if tt.file != "" {
				s.Credentials = filepath.Join(t.TempDir(), "credentials")
			}
			if tt.file != "" && tt.file != "-" {
				if err := os.WriteFile(s.Credentials, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m, err := storage.New(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			told, err := s.mount(t.Context(), m, t.TempDir())
			switch {
			case tt.fail == "" && (err != nil || told.AccessKey != access || told.SecretKey.Reveal() != hidden):
				t.Errorf("got %v, %v", told, err)
			case tt.fail != "" && (err == nil || !strings.Contains(err.Error(), tt.fail)):
				t.Errorf("got %v, want an error with %q", err, tt.fail)
			case err != nil && strings.Contains(err.Error(), hidden):
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
}
