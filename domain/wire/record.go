// Package wire turns events into Kafka records and back, by the Kafka protocol binding of CloudEvents 1.0 with JSON
// data. Records are written in the structured mode: the value is the whole event as one JSON object, and one header
// says so. Both modes are read, so that other producers may write the binary mode, in which the attributes are headers
// and the value is the data.
//
// A decoded event borrows its strings and its data from the record it was read from. Nothing here keeps state, and
// every function may be called concurrently on different events.
package wire

// Header is one header of a Kafka record.
type Header = struct {
	Key   string
	Value []byte
}

// contentTypeHeader is the name of the header that tells the mode of a record and, in binary mode, the media type of
// the data.
const contentTypeHeader = "content-type"

// attributePrefix starts the name of each header that carries an attribute in binary mode.
const attributePrefix = "ce_"

// cloudEvents starts the media types of events in structured mode, of which only the one ending in jsonSuffix is read.
const (
	cloudEvents = "application/cloudevents"
	jsonSuffix  = "+json"
)

// ContentType is the media type of a record's value as Encode writes it.
const ContentType = "application/cloudevents+json; charset=UTF-8"

var headers = []Header{{Key: contentTypeHeader, Value: []byte(ContentType)}}

// Headers returns the headers of every record whose value comes from Encode. The slice is shared: it must not be
// changed.
func Headers() []Header { return headers }
