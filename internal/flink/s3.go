package flink

import (
	"cmp"
	"strconv"

	"drey/internal/secret"
)

// S3 is how processes reach the service of s3:// URIs, by Flink's plugin flink-s3-fs-hadoop. The zero value says nothing to them.
type S3 struct {
	Endpoint  string // URL; "" = AWS
	Region    string // "" = us-east-1
	PathStyle bool
	AccessKey string // "" = there is no such service
	SecretKey secret.Value
	Token     secret.Value // of temporary credentials; "" = they are not
}

// keys say where the service is. They are defaults: who names another service means it.
func (s S3) keys() map[string]string {
	if s.AccessKey == "" {
		return nil
	}
	keys := map[string]string{"s3.endpoint.region": cmp.Or(s.Region, "us-east-1"), "s3.path-style-access": strconv.FormatBool(s.PathStyle)}
	if s.Endpoint != "" {
		keys["s3.endpoint"] = s.Endpoint
	}
	return keys
}

// env has the credentials. Not the configuration, of which a JobManager shows s3.access-key to everybody: Hadoop's and AWS's own chains of providers
// look here after it.
func (s S3) env() map[string]string {
	if s.AccessKey == "" {
		return nil
	}
	env := map[string]string{"AWS_ACCESS_KEY_ID": s.AccessKey, "AWS_SECRET_ACCESS_KEY": s.SecretKey.Reveal()}
	if token := s.Token.Reveal(); token != "" {
		env["AWS_SESSION_TOKEN"] = token
	}
	return env
}
