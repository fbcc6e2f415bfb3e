package refold

// Difference is something that views show otherwise than a fold of the log does.
type Difference struct {
	Partition int `json:"partition"`
	// Kind says what differs: customer, stream, rollups, quarantine, parked, queue, policies, checkpoint or summary.
	Kind string `json:"kind"`
	// ID names the customer or the row, empty for what there is one of.
	ID string `json:"id,omitempty"`
	// Fields are the parts that differ, in order of name.
	Fields []Field `json:"fields"`
}

// Field is one part that differs, as the views show it and as the log has it. "absent" stands for a row that is not
// there.
type Field struct {
	Name string `json:"name"`
	Live string `json:"live"`
	Log  string `json:"log"`
}

// Absent stands in a Field for a row that is not there.
const Absent = "absent"
