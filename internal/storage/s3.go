package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob/s3blob"

	"drey/internal/cluster"
	"drey/internal/secret"
)

// S3 is a service that speaks S3, with those of its buckets that are reached.
type S3 struct {
	Buckets   []string
	Endpoint  string // http or https URL; "" = AWS
	Region    string // "" = us-east-1, which services without regions take
	PathStyle bool   // the bucket is in the URL's path, not in its host
	AccessKey string
	SecretKey secret.Value
	Token     secret.Value // of temporary credentials
}

const (
	defaultRegion = "us-east-1"
	// headerTime bounds the wait for an answer to begin; how long all of it may take is for who asks to say.
	headerTime = 30 * time.Second
)

// Mount adds the buckets of a service. Processes of this machine find copies of their files below the folder copies. Nothing is asked of the service
// yet: a server starts without it.
func (m *Mounts) Mount(ctx context.Context, of S3, copies string) error {
	if err := os.MkdirAll(copies, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of copies: %w", err)
	}
	client := of.client()
	m.buckets = map[string]*bucket{}
	for _, name := range of.Buckets {
		b, err := s3blob.OpenBucket(ctx, client, name, &s3blob.Options{RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired})
		if err != nil {
			return fmt.Errorf("cannot use bucket %q: %w", name, err)
		}
		m.buckets[name] = &bucket{b, folders{copies}}
	}
	return nil
}

// client follows no redirects: the service that was configured is the only one that is asked, and gets what is signed.
func (of S3) client() *s3.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout, transport.MaxIdleConnsPerHost = headerTime, deletesAtOnce
	o := s3.Options{
		Region: cmp.Or(of.Region, defaultRegion), UsePathStyle: of.PathStyle,
		Credentials: credentials.NewStaticCredentialsProvider(of.AccessKey, of.SecretKey.Reveal(), of.Token.Reveal()),
		HTTPClient:  &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Retryer:     retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Second }), // three tries; who asks tries again later
		// Others than AWS do not know the newer checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if of.Endpoint != "" {
		o.BaseEndpoint = &of.Endpoint
	}
	return s3.New(o)
}

// explainS3 turns the service's words into this package's. What it says beyond a code is not repeated: it may name keys.
func explainS3(uri cluster.StorageURI, err error) error {
	said, is := errors.AsType[smithy.APIError](err)
	switch {
	case err == nil:
		return nil
	case is && said.ErrorCode() == "NoSuchBucket": // not the same as nothing being in it: a job would start without its state
		return fmt.Errorf("%s: there is no such bucket", uri)
	case is && (said.ErrorCode() == "NoSuchKey" || said.ErrorCode() == "NotFound"):
		return fmt.Errorf("%s: %w", uri, ErrNotFound)
	case is:
		return fmt.Errorf("%s: the S3 service refuses it: %s", uri, said.ErrorCode())
	}
	return fmt.Errorf("%s: %w", uri, err)
}
