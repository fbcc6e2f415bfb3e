// Package domain breaks the rules of pure code.
package domain

import (
	"math/rand/v2" // want: domain is pure and must not import math/rand/v2
	"net/http"     // want: domain is pure and must not import net/http
	"os"           // want: domain is pure and must not import os
	wall "time"

	"github.com/rapport-crm/rapport/eventstore" // want: domain must not import eventstore
)

var started = wall.Now() // want: domain is pure and must not use time.Now

func init() { // want: init function
	started = started.Add(wall.Duration(rand.Int()))
}

// Age uses the clock and what the file imports.
func Age() (wall.Duration, int, string, eventstore.Log) {
	return wall.Since(started), len(os.Args), http.MethodGet, eventstore.Log{} // want: domain is pure and must not use time.Since
}
