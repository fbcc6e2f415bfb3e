package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"
)

// With returns the policy with a fitted model in force in the place of the one of its role. Its version names the models: it
// is that of the document, and "+" with the first digits of their digest. The error is a *PolicyError when the policy would
// have a fault, for example when its document became too long.
func (p *Policy) With(role ModelRole, m FittedModel) (*Policy, error) {
	models := maps.Clone(p.Models)
	if models == nil {
		models = Models{}
	}
	models[string(role)] = m
	return p.withModels(models)
}

// After returns the policy as it is in force when it is published after another one, nil for none: a policy whose document says nothing
// of models keeps those of the other, and its version names them.
func (p *Policy) After(before *Policy) (*Policy, error) {
	if p.Models != nil || before == nil || len(before.Models) == 0 {
		return p, nil
	}
	return p.withModels(before.Models)
}

// Published returns the policy as it was published: without the models that were fitted since, and with the version it had.
// A policy whose version names no models is returned as it is.
func (p *Policy) Published() *Policy {
	version, fitted := p.publishedVersion()
	if !fitted {
		return p
	}
	published := *p
	published.Version, published.Models = version, nil
	return &published
}

func (p *Policy) withModels(models Models) (*Policy, error) {
	next := *p
	next.Version, _ = p.publishedVersion()
	next.Models = models
	// The digest is that of the models as they are read back: of -0 and 0, for example, a document keeps one.
	read, err := ParsePolicy(next.Document())
	if err != nil {
		return nil, err
	}
	read.Version += modelsMark + read.Models.digest()
	return ParsePolicy(read.Document())
}

// modelsMark stands between the version of a document and the digest of the models in force.
const modelsMark = "+"

// publishedVersion returns the version without the mark and the digest of the models, and whether it had them.
func (p *Policy) publishedVersion() (string, bool) {
	if len(p.Models) == 0 {
		return p.Version, false
	}
	return strings.CutSuffix(p.Version, modelsMark+p.Models.digest())
}

// digest returns eight hexadecimal digits that tell these models from others.
func (m Models) digest() string {
	var b bytes.Buffer
	if err := yaml.NewEncoder(&b).Encode(map[string]FittedModel(m)); err != nil {
		panic("domain: the models cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:4])
}
