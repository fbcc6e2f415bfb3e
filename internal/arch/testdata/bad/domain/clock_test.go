package domain

import (
	"os"
	"time"
)

// A test may do what the code may not.
func init() { _, _ = time.Now(), os.Args }
