// Package mail sends what the fold found out to people by e-mail.
//
// A letter is made of one output, or of several for a digest. Its Message-ID follows from what it is about, so that a letter
// that is sent again, because nobody knows whether the server took it the first time, is the same letter to mail programs
// that compare ids.
package mail
