package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/secret"
	"drey/internal/storage"
)

// S3 says which buckets of which service clusters can keep their files in. Without buckets there is none.
type S3 struct {
	Buckets     []string `yaml:"buckets"`
	Endpoint    string   `yaml:"endpoint"`    // URL; "" = AWS
	Region      string   `yaml:"region"`      // "" = us-east-1
	PathStyle   bool     `yaml:"pathStyle"`   // buckets are in the path of URLs, not in their host
	Credentials string   `yaml:"credentials"` // a file as AWS's tools have it; "" = the environment
}

func (s S3) check(p *problems) {
	for _, name := range s.Buckets {
		u, err := cluster.ParseURI("s3://"+name, cluster.StorageURI{})
		p.check(err == nil && u.Container == name, "storage.s3.buckets: %q is no name of a bucket", name)
	}
	if s.Endpoint == "" {
		return
	}
	u, err := url.Parse(s.Endpoint)
	p.check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == "",
		"storage.s3.endpoint is no URL such as https://s3.example.com:9000, without a user and a path") // not repeated: it may have a password
}

// copiesFolder has, in the data directory, what processes of this machine need of the buckets as files. It can be lost.
const copiesFolder = "copies"

// mount adds the buckets, and answers what Flink must know of them.
func (s S3) mount(ctx context.Context, m *storage.Mounts, copies string) (flink.S3, error) {
	if len(s.Buckets) == 0 {
		return flink.S3{}, nil
	}
	c, err := s.credentials(ctx)
	if err != nil {
		return flink.S3{}, fmt.Errorf("storage.s3: %w", err)
	}
	endpoint, key, token := strings.TrimRight(s.Endpoint, "/"), secret.New(c.SecretAccessKey), secret.New(c.SessionToken)
	of := storage.S3{Buckets: s.Buckets, Endpoint: endpoint, Region: s.Region, PathStyle: s.PathStyle, AccessKey: c.AccessKeyID, SecretKey: key, Token: token}
	if err := m.Mount(ctx, of, copies); err != nil {
		return flink.S3{}, err
	}
	return flink.S3{Endpoint: endpoint, Region: s.Region, PathStyle: s.PathStyle, AccessKey: c.AccessKeyID, SecretKey: key, Token: token}, nil
}

// credentials are those of the file's profile "default", else of the environment. No error has any of their text.
func (s S3) credentials(ctx context.Context) (aws.Credentials, error) {
	if s.Credentials == "" {
		c := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
		if !c.HasKeys() {
			return c, errors.New("there are no credentials: name a file with them in storage.s3.credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the server's environment")
		}
		return c, nil
	}
	if _, err := os.Stat(s.Credentials); err != nil {
		return aws.Credentials{}, fmt.Errorf("cannot read the credentials: %w", err)
	}
	shared, err := config.LoadSharedConfigProfile(ctx, "default", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{s.Credentials}, []string{}
	})
	if err != nil || !shared.Credentials.HasKeys() {
		return aws.Credentials{}, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key below [default]", s.Credentials)
	}
	return shared.Credentials, nil
}
