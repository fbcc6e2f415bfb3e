package mail

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"time"
)

// Encryption says how a connection to a server is encrypted.
type Encryption string

// The kinds of encryption. There is no kind that encrypts only when the server offers it: who can read the connection can
// take the offer away.
const (
	// StartTLS begins in clear and changes to TLS before anything is said that matters.
	StartTLS Encryption = "starttls"
	// TLS encrypts from the first byte.
	TLS Encryption = "tls"
	// Clear does not encrypt. It is for a server on the same machine.
	Clear Encryption = "none"
)

// Server is a mail server that takes letters.
type Server struct {
	Host string
	Port int
	// Username and Password are given to the server. Default: it asks for none.
	Username, Password string
	Encryption         Encryption
	// From is the address that letters come from.
	From string
	// RootCAs are who may sign the certificate of the server. Default: those of the system.
	RootCAs *x509.CertPool
	// Timeout bounds a conversation with the server. Default: 30 s.
	Timeout time.Duration
}

// ErrServer is wrapped by the errors of ParseServer.
var ErrServer = errors.New("mail server must be smtp://[user:password@]host[:port]?from=ADDRESS, smtps:// for TLS from the first byte, with tls=none for no encryption")

// ParseServer reads a mail server from a URL: smtp://user:password@mail.example.com:587?from=rapport@example.com. The
// scheme smtp means StartTLS, unless the query says tls=none, and port 587; smtps means TLS and port 465.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return Server{}, ErrServer // the text may hold a password and is not repeated
	}
	query := u.Query()
	for name := range query {
		if name != "from" && name != "tls" {
			return Server{}, fmt.Errorf("%w: %q is not a setting", ErrServer, name)
		}
	}
	s := Server{Host: u.Hostname(), From: query.Get("from")}
	var port int
	switch {
	case u.Scheme == "smtps" && query.Get("tls") == "":
		s.Encryption, port = TLS, 465
	case u.Scheme == "smtp" && query.Get("tls") == "":
		s.Encryption, port = StartTLS, 587
	case u.Scheme == "smtp" && query.Get("tls") == string(Clear):
		s.Encryption, port = Clear, 25
	default:
		return Server{}, ErrServer
	}
	if s.Port, err = strconv.Atoi(cmp.Or(u.Port(), strconv.Itoa(port))); err != nil || s.Port < 1 || s.Port > 65535 {
		return Server{}, fmt.Errorf("%w: the port must be between 1 and 65535", ErrServer)
	}
	if _, err := netmail.ParseAddress(s.From); err != nil {
		return Server{}, fmt.Errorf("%w: from must be an e-mail address", ErrServer)
	}
	if u.User != nil {
		s.Username = u.User.Username()
		s.Password, _ = u.User.Password()
	}
	if s.Encryption == Clear && s.Username != "" && s.Host != "localhost" && s.Host != "127.0.0.1" && s.Host != "::1" {
		return Server{}, fmt.Errorf("%w: a password is not sent without encryption", ErrServer)
	}
	return s, nil
}
