// Package mailtest runs a mail server for tests.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/rapport-crm/rapport/internal/mail"
)

// Office is a mail server on loopback that keeps what it takes. It wants the password "secret".
type Office struct {
	mu     sync.Mutex
	taken  []string
	refuse *smtp.SMTPError
	user   string
	addr   *net.TCPAddr
	roots  *x509.CertPool
}

// Taken returns the letters that were taken, as they came.
func (o *Office) Taken() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.taken)
}

// User returns who gave the right password last.
func (o *Office) User() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.user
}

// Refuse makes the server answer every receiver with a code, or take letters again when the code is 0.
func (o *Office) Refuse(code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = nil
	if code != 0 {
		o.refuse = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: "no"}
	}
}

// NewSession begins a conversation.
func (o *Office) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{office: o}, nil }

type session struct{ office *Office }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		s.office.user = user
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if s.office.refuse != nil {
		return s.office.refuse
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.taken = append(s.office.taken, string(b))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// Open runs a mail server on loopback until the test ends.
func Open(t *testing.T, encryption mail.Encryption) *Office {
	t.Helper()
	o := new(Office)
	server := smtp.NewServer(o)
	server.Domain, server.ErrorLog = "localhost", silent{}
	certificate, roots := certify(t)
	o.roots = roots
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if encryption != mail.Clear {
		server.TLSConfig = settings
	} else {
		server.AllowInsecureAuth = true
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = listener.Addr().(*net.TCPAddr)
	if encryption == mail.TLS {
		listener = tls.NewListener(listener, settings)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return o
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// certify returns a certificate for 127.0.0.1 and who signed it.
func certify(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// Server returns how to reach the server.
func (o *Office) Server(encryption mail.Encryption) mail.Server {
	return mail.Server{
		Host: "127.0.0.1", Port: o.addr.Port, Encryption: encryption, From: "Rapport <rapport@example.com>", RootCAs: o.roots,
		Username: "u", Password: "secret", Timeout: 10 * time.Second,
	}
}
