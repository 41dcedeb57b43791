package store

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"drey/internal/cluster"
)

// knownDocuments is how many decoded documents of a kind are kept, and knownBytes the longest of them.
const (
	knownDocuments = 16 << 10
	knownBytes     = 8 << 10
)

// known are decoded documents, by their text. What a document says never changes, and decoding takes more time than all else that a page of
// clusters is made with.
type known[T any] struct{ *lru.Cache[string, T] }

func newKnown[T any]() known[T] {
	kept, _ := lru.New[string, T](knownDocuments) // fails for a size below one only
	return known[T]{kept}
}

// decode reads a document, if it was not read before. Its maps and slices are everybody's.
func (k known[T]) decode(doc string) (T, error) {
	if v, found := k.Get(doc); found {
		return v, nil
	}
	v, err := decode[T](doc)
	if err == nil && len(doc) <= knownBytes {
		k.Add(doc, v)
	}
	return v, err
}

// knowns are those of a store.
type knowns struct {
	clusters known[cluster.Cluster]
	jobs     known[cluster.Job]
}

func newKnowns() *knowns {
	return &knowns{newKnown[cluster.Cluster](), newKnown[cluster.Job]()}
}
