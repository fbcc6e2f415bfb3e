package eventstore

import (
	"errors"
	"fmt"
)

// The facts about the log that a caller can act on. The errors that carry fields match these with errors.Is.
var (
	// ErrTrimmed means that the log no longer has the offset asked for: its beginning was deleted. See TrimmedError.
	ErrTrimmed = errors.New("log is trimmed")
	// ErrTruncated means that the log ends before the offset asked for: the topic was recreated, or acknowledged
	// records were lost. See TruncatedError.
	ErrTruncated = errors.New("log is truncated")
	// ErrGap means that the log leaves out an offset between two that it has. See GapError.
	ErrGap = errors.New("log has a gap")
	// ErrTransactional means that a transactional producer wrote to the topic. Its records may have been aborted, and
	// its control batches take offsets, so the log cannot be read densely.
	ErrTransactional = errors.New("log has transactional batches")
	// ErrCorrupt means that a batch does not match its checksum or cannot be parsed.
	ErrCorrupt = errors.New("log has a corrupt batch")
	// ErrUnknownOutcome means that the acknowledgement of an append was lost: the record may be in the log. Append the
	// same record with the same id again; a reader recognises the second one as a duplicate.
	ErrUnknownOutcome = errors.New("append has an unknown outcome, retry with the same id")
	// ErrNotSent means that a record was not sent because an earlier one of the same call failed. It is not in the log.
	ErrNotSent = errors.New("record was not sent")
	// ErrTopicMissing means that the topic, or the partition, does not exist.
	ErrTopicMissing = errors.New("topic does not exist")
	// ErrUnfitTopic means that the topic exists with a setting that would lose or reorder records. See UnfitTopicError.
	ErrUnfitTopic = errors.New("topic is unfit")
	// ErrTooLarge means that a record exceeds what the log accepts. See TooLargeError.
	ErrTooLarge = errors.New("record is too large")
	// ErrEmptyKey means that a record has no key, so no partition can be chosen for it.
	ErrEmptyKey = errors.New("record has no key")
	// ErrClosed means that the Log was closed.
	ErrClosed = errors.New("log is closed")
)

// TrimmedError reports that a partition begins after the offset asked for.
type TrimmedError struct {
	Partition int
	// Offset was asked for.
	Offset int64
	// Start is the first offset that the partition still has.
	Start int64
}

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("partition %d is trimmed: offset %d was asked for, the log starts at %d", e.Partition, e.Offset, e.Start)
}

// Is reports whether target is ErrTrimmed.
func (e *TrimmedError) Is(target error) bool { return target == ErrTrimmed }

// TruncatedError reports that a partition ends before the offset asked for.
type TruncatedError struct {
	Partition int
	// Offset was asked for.
	Offset int64
	// End is the offset that the next record will take.
	End int64
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("partition %d is truncated or recreated: offset %d was asked for, the log ends at %d", e.Partition, e.Offset, e.End)
}

// Is reports whether target is ErrTruncated.
func (e *TruncatedError) Is(target error) bool { return target == ErrTruncated }

// GapError reports that a partition leaves out offsets, as a compacted topic does.
type GapError struct {
	Partition int
	// Want is the offset that was due, Got the one that came.
	Want, Got int64
}

func (e *GapError) Error() string {
	return fmt.Sprintf("partition %d has a gap: offset %d was due, %d came", e.Partition, e.Want, e.Got)
}

// Is reports whether target is ErrGap.
func (e *GapError) Is(target error) bool { return target == ErrGap }

// TooLargeError reports a record above the limit.
type TooLargeError struct {
	// Size and Limit are in bytes. Size is 0 when the broker refused the record without saying.
	Size, Limit int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("record of %d bytes is too large: the limit is %d", e.Size, e.Limit)
}

// Is reports whether target is ErrTooLarge.
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// UnfitTopicError reports a setting of an existing topic that does not fit an event log.
type UnfitTopicError struct {
	Topic, Setting string
	// Got is what the topic has, Want what it needs.
	Got, Want string
}

func (e *UnfitTopicError) Error() string {
	return fmt.Sprintf("topic %s is unfit: %s is %s, want %s", e.Topic, e.Setting, e.Got, e.Want)
}

// Is reports whether target is ErrUnfitTopic.
func (e *UnfitTopicError) Is(target error) bool { return target == ErrUnfitTopic }
