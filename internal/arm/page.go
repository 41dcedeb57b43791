package arm

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// writeList answers a whole list.
func writeList[T any](w http.ResponseWriter, items []T, next string, show func(T) any) error {
	list := contract.List{Value: []any{}, NextLink: next}
	for _, item := range items {
		list.Value = append(list.Value, show(item))
	}
	return writeJSON(w, http.StatusOK, list)
}

const mostItems = 1000 // of a page

// pageOf reads $top and $skipToken.
func pageOf(r *request) (p lifecycle.Page, err error) {
	token, err := one(r.Request, "$skipToken")
	if err != nil {
		return p, err
	}
	if p.After, err = afterOf(r, token); err != nil {
		return p, err
	}
	top, err := one(r.Request, "$top")
	if err != nil || top == "" {
		return p, err
	}
	p.Limit, err = strconv.Atoi(top)
	if err != nil || p.Limit < 1 || p.Limit > mostItems {
		return p, cluster.Errorf(cluster.Invalid, invalidParameter, "$top", "The query parameter must be a number from 1 to %d.", mostItems)
	}
	return p, nil
}

// encodedList is a [contract.List] of items that are encoded; to have them checked again takes as long as to encode them.
func encodedList(items [][]byte, next string) ([]byte, error) {
	end := []byte("]}")
	if next != "" {
		link, err := toJSON(next)
		if err != nil {
			return nil, err
		}
		end = slices.Concat([]byte(`],"nextLink":`), link, []byte("}"))
	}
	return slices.Concat([]byte(`{"value":[`), bytes.Join(items, []byte(",")), end), nil
}

// writePage answers a page of a list; next is the key of its last item, "" if it is the last page.
func writePage[T any](w http.ResponseWriter, r *request, p lifecycle.Page, items []T, next string, show func(T) any) error {
	return writeList(w, items, nextLink(r, p, next), show)
}

// nextLink is where the page after key is, "" if there is none.
func nextLink(r *request, p lifecycle.Page, key string) string {
	if key == "" {
		return ""
	}
	q := url.Values{"api-version": query(r.Request, "api-version"), "$skipToken": {tokenOf(r, key)}}
	if p.Limit > 0 {
		q.Set("$top", strconv.Itoa(p.Limit))
	}
	return r.base() + r.URL.EscapedPath() + "?" + q.Encode()
}

// writePart answers a page of a list that is at hand as a whole.
func writePart[T any](w http.ResponseWriter, r *request, items []T, key func(int, T) string, show func(T) any) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	begin := 0
	for p.After != "" && begin < len(items) && key(begin, items[begin]) <= p.After {
		begin++
	}
	end, next := min(len(items), begin+cmp.Or(p.Limit, mostItems)), ""
	if end < len(items) {
		next = key(end-1, items[end-1])
	}
	return writePage(w, r, p, items[begin:end], next, show)
}

// byPlace is the key of a list that is in another order than that of its names.
func byPlace[T any](place int, _ T) string { return strconv.Itoa(mostItems + place) }

// tokenOf makes a token of a key, with a mark of the list that it is for.
func tokenOf(r *request, key string) string {
	return base64.RawURLEncoding.EncodeToString(append(markOf(r), key...))
}

// afterOf reads a token that tokenOf made for the same list.
func afterOf(r *request, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	mark := markOf(r)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	key, mine := strings.CutPrefix(string(raw), string(mark))
	if err != nil || !mine || key == "" {
		return "", cluster.Errorf(cluster.Invalid, invalidParameter, "$skipToken", "The query parameter is not a token of this list. Take it from nextLink, as it is.")
	}
	return key, nil
}

// markOf tells lists apart, by their path.
func markOf(r *request) []byte {
	segments, _ := split(strings.ToLower(r.URL.EscapedPath()))
	return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(strings.Join(segments, "/"))))
}

// unfiltered refuses $filter where there is none, rather than to answer more than was asked for. The published API has it for jobs only.
func unfiltered(r *request) error {
	if filter, err := one(r.Request, "$filter"); err != nil || filter == "" {
		return err
	}
	return cluster.Errorf(cluster.Invalid, "FilterNotSupported", "$filter", "This list cannot be filtered; the list of a cluster's jobs can.").
		WithHint("filter what is answered: `drey cluster list --query`")
}
