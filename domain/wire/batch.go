package wire

import (
	"iter"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// SplitBatch yields the items of a JSON array of events, each as its bytes in body, for DecodeJSON. An error, a
// *Malformed, is the last pair: the items before it have been yielded by then. A caller that wants all or nothing
// goes through the items first and uses them afterwards.
func SplitBatch(body []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := jsonscan.Scanner{MaxDepth: jsonscan.DefaultMaxDepth + 2} // the array, the event, and the data in it
		s.Reset(body)
		if kind := s.Kind(); kind != jsonscan.Array && kind != jsonscan.Invalid {
			yield(nil, &Malformed{"", RuleType, "must be a JSON array of events"})
			return
		}
		s.Array()
		for s.Item() {
			item := s.Skip()
			if item != nil && !yield(item, nil) {
				return
			}
		}
		if err := s.End(); err != nil {
			yield(nil, syntax("", err))
		}
	}
}
