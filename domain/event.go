package domain

// NoExpectation is the ExpectedVersion of an event that was appended without asking for a verdict.
const NoExpectation int64 = -1

// Event is one thing that happened to one customer, in the shape of a CloudEvent 1.0 with JSON data. It is the same
// whether it came by HTTP, from a file or straight from the log.
//
// A decoded Event borrows from the bytes it was decoded from: whoever keeps one of its strings beyond the life of
// those bytes clones it.
type Event struct {
	// ID identifies the event within its stream for ever. Rapport mints UUIDs, other producers may use any text.
	ID string
	// Source says who produced the event, as a URI reference.
	Source string
	// Type is the name of the event type, for example "purchase.recorded". Types outside the catalogue are kept.
	Type string
	// Subject is the customer id, which is also the key of the record. Streams of organisations and employees have
	// the prefixes "org:" and "employee:".
	Subject string
	// Time is when it happened (occurred_at).
	Time Instant

	// Actor is the employee or program that did it.
	Actor string
	// OrgUnit is the path of the organisation unit, for example "brand/region/dealer".
	OrgUnit string
	// Channel is the channel through which the customer was in touch.
	Channel string
	// CausationID is the id of the event that caused this one.
	CausationID string
	// TraceParent is the W3C trace context of the append.
	TraceParent string
	// DataSchema is the URI of the schema the data follows.
	DataSchema string
	// ExpectedVersion is the version the stream must have for this event to be accepted, or NoExpectation.
	ExpectedVersion int64
	// Extensions are the CloudEvents extension attributes without a field of their own, in the order of their names.
	Extensions []Extension

	// Data is the JSON object that the type describes, as it was written. Empty means no data.
	Data []byte
}

// Extension is a CloudEvents extension attribute that Rapport carries and does not interpret.
type Extension struct {
	Name  string
	Value string
}
