package arm

import (
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"

	"drey/internal/lifecycle"
)

// encodedMost is how many encoded clusters are kept, and encodedBytes the longest of them.
const (
	encodedMost  = 16 << 10
	encodedBytes = 8 << 10
)

// encoded are clusters as versions that show nothing of the job encoded them. To decode, convert and encode takes longer than all else that a page
// is made with; and what is kept is bytes, since decoded documents of thousands of clusters are what the garbage collector spends its time on.
type encoded struct {
	kept *lru.Cache[encodedKey, []byte]
}

type encodedKey struct {
	of *version
	as [sha256.Size]byte
}

func newEncoded() encoded {
	kept, _ := lru.New[encodedKey, []byte](encodedMost) // fails for a size below one only
	return encoded{kept}
}

// cluster is a cluster as a version shows it, in JSON. The bytes are everybody's.
func (e encoded) cluster(v *version, c lifecycle.StoredCluster) ([]byte, error) {
	key := encodedKey{v, c.Digest}
	if text, found := e.kept.Get(key); found {
		return text, nil
	}
	view, err := c.View()
	if err != nil {
		return nil, err
	}
	text, err := toJSON(v.encodeCluster(view))
	if err == nil && !v.showsJob && len(text) <= encodedBytes {
		e.kept.Add(key, text)
	}
	return text, err
}
