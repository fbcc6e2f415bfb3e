package domain

import (
	"fmt"
	"time"
)

// Date is a calendar day: the number of days since 1970-01-01.
type Date int32

// DateOf returns the calendar day of i in loc.
func DateOf(i Instant, loc *time.Location) Date {
	t := i.Time().In(loc)
	_, offset := t.Zone()
	return Date(floorDiv(t.Unix()+int64(offset), 86400))
}

// Time returns midnight UTC of d.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Start returns the first instant of d in loc.
func (d Date) Start(loc *time.Location) Instant {
	t := d.Time()
	return InstantOf(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, loc))
}

// Reached returns the first instant at which the clocks of loc show the given time of d, counted from midnight, or a later
// one: a time that the clocks skip is reached when they skip it, one that they repeat when they show it first.
func (d Date) Reached(loc *time.Location, clock Instant) Instant { return reached(loc, d, clock) }

// Weekday returns the day of the week of d as mon, tue, wed, thu, fri, sat or sun.
func (d Date) Weekday() string { return weekdayName(d.weekday()) }

// String returns d as 2006-01-02.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// ParseDate reads 2006-01-02.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("date must be written as 2026-03-01")
	}
	return Date(floorDiv(t.Unix(), 86400)), nil
}

// MarshalText writes 2006-01-02.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2006-01-02.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Month is a calendar month: the number of months since January of year 0.
type Month int32

// Month returns the calendar month of d.
func (d Date) Month() Month {
	t := d.Time()
	return Month(t.Year()*12 + int(t.Month()) - 1)
}

// Start returns the first day of m.
func (m Month) Start() Date {
	t := time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC)
	return Date(floorDiv(t.Unix(), 86400))
}

// String returns m as 2006-01.
func (m Month) String() string { return m.Start().Time().Format("2006-01") }

// MarshalText writes 2006-01.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads 2006-01.
func (m *Month) UnmarshalText(b []byte) error {
	v, err := ParseMonth(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// ParseMonth reads 2006-01.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, fmt.Errorf("month must be written as 2026-03")
	}
	return Month(t.Year()*12 + int(t.Month()) - 1), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
