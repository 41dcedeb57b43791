package contract

import (
	"bytes"
	"encoding/json"
	"fmt"

	"drey/internal/cluster"
)

// Merge applies a JSON merge patch (RFC 7396) to what resource shows: null deletes, lists are replaced. tags are replaced as a whole, as
// ARM has it. A patch that is no object, or not JSON, is answered as [Decode] would.
func Merge(resource any, patch []byte) ([]byte, error) {
	f := &faults{}
	if root := parse(patch, f); root != nil {
		if _, object := asObject(root); !object {
			f.add(invalidContent, "", "The request body must be an object, not %s.", root.kind())
		}
	}
	if err := cluster.Faults(f.list); err != nil {
		return nil, err
	}
	shown, err := json.Marshal(resource)
	if err != nil {
		return nil, fmt.Errorf("cannot write what is to be patched: %w", err)
	}
	var doc, change map[string]any
	if err := unmarshal(shown, &doc); err != nil {
		return nil, err
	}
	if err := unmarshal(patch, &change); err != nil {
		return nil, err
	}
	if _, given := change["tags"]; given {
		delete(doc, "tags")
	}
	return json.Marshal(merge(doc, change))
}

// unmarshal keeps numbers as they are written.
func unmarshal(text []byte, into *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("cannot read a document to merge: %w", err)
	}
	return nil
}

func merge(doc, change map[string]any) map[string]any {
	if doc == nil {
		doc = map[string]any{}
	}
	for name, value := range change {
		switch v := value.(type) {
		case nil:
			delete(doc, name)
		case map[string]any:
			old, _ := doc[name].(map[string]any)
			doc[name] = merge(old, v)
		default:
			doc[name] = v
		}
	}
	return doc
}
