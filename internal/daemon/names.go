package daemon

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Names are made once per data directory and never change: who this server is, and the secret of its first client. They live
// in DIR/secret.json (0600).
type Names struct {
	DirectoryID    string `json:"directoryId"`    // GUID: part of the target's identity
	TenantID       string `json:"tenantId"`       // GUID
	SubscriptionID string `json:"subscriptionId"` // GUID of the subscription that serve makes (R01)
	ClientID       string `json:"clientId"`       // GUID: application id of the first client
	ObjectID       string `json:"objectId"`       // GUID: its object id
	ClientSecret   string `json:"clientSecret"`   // 32 random bytes
}

// loadNames reads the names of data directory dir, and makes them the first time.
func loadNames(dir string) (Names, error) {
	file := filepath.Join(dir, "secret.json")
	var n Names
	err := readJSON(file, &n)
	if errors.Is(err, fs.ErrNotExist) {
		n = newNames()
		err = writeJSON(file, n)
	}
	if err != nil {
		return Names{}, fmt.Errorf("cannot load the names of this data directory: %w", err)
	}
	if err := n.check(); err != nil {
		return Names{}, err
	}
	return n, nil
}

func newNames() Names {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return Names{
		DirectoryID: guid(), TenantID: guid(), SubscriptionID: guid(), ClientID: guid(), ObjectID: guid(),
		ClientSecret: base64.RawURLEncoding.EncodeToString(secret),
	}
}

func (n Names) check() error {
	for name, value := range map[string]string{"directoryId": n.DirectoryID, "tenantId": n.TenantID, "subscriptionId": n.SubscriptionID,
		"clientId": n.ClientID, "objectId": n.ObjectID, "clientSecret": n.ClientSecret} {
		if value == "" {
			return fmt.Errorf("secret.json has no %s: restore it from a backup; with new names the clients of this directory would not find it again", name)
		}
	}
	return nil
}

// guid is a random GUID (version 4), lower-case.
func guid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
