package mail_test

import (
	"context"
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
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/rapport-crm/rapport/internal/mail"
)

// postOffice is a mail server that keeps what it takes.
type postOffice struct {
	mu     sync.Mutex
	taken  []string
	refuse *smtp.SMTPError
	user   string
	addr   *net.TCPAddr
	roots  *x509.CertPool
}

func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{office: o}, nil }

type session struct{ office *postOffice }

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

// openPostOffice runs a mail server on loopback until the test ends.
func openPostOffice(t *testing.T, encryption mail.Encryption, refuse *smtp.SMTPError) *postOffice {
	t.Helper()
	o := &postOffice{refuse: refuse}
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
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
		<-done
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

func (o *postOffice) server(encryption mail.Encryption) mail.Server {
	return mail.Server{
		Host: "127.0.0.1", Port: o.addr.Port, Encryption: encryption, From: "Rapport <rapport@example.com>", RootCAs: o.roots,
		Username: "u", Password: "secret", Timeout: 10 * time.Second,
	}
}

func letter() mail.Letter {
	return mail.Letter{To: "li@example.com", ID: "delivery-1", Subject: "Zufriedenheit fällt", Text: "Kunde: 李\n", Date: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)}
}

func TestALetterArrivesOverEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	for _, encryption := range []mail.Encryption{mail.StartTLS, mail.TLS, mail.Clear} {
		t.Run(string(encryption), func(t *testing.T) {
			t.Parallel()
			office := openPostOffice(t, encryption, nil)
			if err := mail.NewSender(office.server(encryption)).Send(t.Context(), letter()); err != nil {
				t.Fatal(err)
			}
			if len(office.taken) != 1 || office.user != "u" {
				t.Fatalf("the server has %d letters of %q", len(office.taken), office.user)
			}
			m, err := netmail.ReadMessage(strings.NewReader(office.taken[0]))
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"Message-Id": "<delivery-1@example.com>", "To": "<li@example.com>", "Auto-Submitted": "auto-generated",
				"Date": "Sun, 01 Mar 2026 09:30:00 +0000",
			} {
				if got := m.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestARefusalSaysWhetherItIsForGood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code      int
		permanent bool
	}{{550, true}, {451, false}} {
		office := openPostOffice(t, mail.StartTLS, &smtp.SMTPError{Code: c.code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: "no"})
		err := mail.NewSender(office.server(mail.StartTLS)).Send(t.Context(), letter())
		rejected, ok := errors.AsType[*mail.RejectedError](err)
		if !ok || rejected.Code != c.code || rejected.Permanent != c.permanent {
			t.Errorf("an answer of %d is %v", c.code, err)
		}
	}
}

func TestAnUnknownCertificateAndAWrongPasswordAreErrors(t *testing.T) {
	t.Parallel()
	office := openPostOffice(t, mail.StartTLS, nil)
	stranger := office.server(mail.StartTLS)
	stranger.RootCAs = x509.NewCertPool()
	if err := mail.NewSender(stranger).Send(t.Context(), letter()); err == nil {
		t.Error("the letter went to a server that nobody vouches for")
	}
	forgetful := office.server(mail.StartTLS)
	forgetful.Password = "wrong"
	if err := mail.NewSender(forgetful).Send(t.Context(), letter()); err == nil {
		t.Error("the letter went without a password")
	}
	if len(office.taken) != 0 {
		t.Errorf("the server has %q", office.taken)
	}
}

func TestAServerWithoutEncryptionGetsNothingWhenEncryptionIsAskedFor(t *testing.T) {
	t.Parallel()
	office := openPostOffice(t, mail.Clear, nil)
	if err := mail.NewSender(office.server(mail.StartTLS)).Send(t.Context(), letter()); err == nil || len(office.taken) != 0 {
		t.Errorf("the letter went in clear: %v", err)
	}
}

func TestSendingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	server := mail.Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Encryption: mail.Clear, From: "a@example.com", Timeout: 50 * time.Millisecond}
	err = mail.NewSender(server).Send(context.Background(), letter())
	if _, rejected := errors.AsType[*mail.RejectedError](err); err == nil || rejected {
		t.Errorf("a server that says nothing: %v", err)
	}
}

func TestALetterToNobodyIsRefusedForGood(t *testing.T) {
	t.Parallel()
	l := letter()
	l.To = "not an address"
	err := mail.NewSender(mail.Server{Host: "localhost", Port: 1, From: "a@example.com"}).Send(t.Context(), l)
	if rejected, ok := errors.AsType[*mail.RejectedError](err); !ok || !rejected.Permanent {
		t.Errorf("a wrong address is %v", err)
	}
}

func TestServersAreReadFromURLs(t *testing.T) {
	t.Parallel()
	good := map[string]mail.Server{
		"smtp://u:p%40ss@mail.example.com?from=a@example.com":  {Host: "mail.example.com", Port: 587, Username: "u", Password: "p@ss", Encryption: mail.StartTLS, From: "a@example.com"},
		"smtps://mail.example.com:2465?from=a@example.com":     {Host: "mail.example.com", Port: 2465, Encryption: mail.TLS, From: "a@example.com"},
		"smtp://localhost:1025?from=a@example.com&tls=none":    {Host: "localhost", Port: 1025, Encryption: mail.Clear, From: "a@example.com"},
		"smtp://u:p@localhost:25?from=a@example.com&tls=none":  {Host: "localhost", Port: 25, Username: "u", Password: "p", Encryption: mail.Clear, From: "a@example.com"},
		"smtp://mail.example.com?from=Rapport+<a@example.com>": {Host: "mail.example.com", Port: 587, Encryption: mail.StartTLS, From: "Rapport <a@example.com>"},
	}
	for text, want := range good {
		if got, err := mail.ParseServer(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "mail.example.com", "http://mail.example.com?from=a@example.com", "smtp://mail.example.com", "smtp://mail.example.com?from=nobody",
		"smtp://mail.example.com:0?from=a@example.com", "smtp://mail.example.com?from=a@example.com&tls=maybe", "smtp://mail.example.com/x?from=a@example.com",
		"smtps://mail.example.com?from=a@example.com&tls=none", "smtp://u:p@mail.example.com?from=a@example.com&tls=none", "smtp://mail.example.com?from=a@example.com&to=b",
	} {
		if got, err := mail.ParseServer(text); !errors.Is(err, mail.ErrServer) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
}
