package projections

import (
	"fmt"
	"sync"

	"github.com/rapport-crm/rapport/domain"
)

// policyMemory keeps the policies that control records put in force, so that folders which work on the same log, as those of a
// rebuild do for each share of a partition, read each document once. It is safe for concurrent use; policies are shared
// and never changed.
type policyMemory struct {
	mu sync.Mutex
	// documents are the policies by their documents, successors those that came about from one in force.
	documents  map[string]*domain.Policy
	successors map[succession]*domain.Policy
	// texts are the documents of policies that came about, which take a millisecond each to write.
	texts map[*domain.Policy]string
}

// succession is how a policy came about: which one was in force, and what was published after it, or fitted.
type succession struct {
	before, published *domain.Policy
	fitted            string
}

// mostPolicies is how many policies are kept. Beyond that they are read anew.
const mostPolicies = 64

// parse returns the policy of a document.
func (m *policyMemory) parse(document string) (*domain.Policy, error) {
	return remember(m, &m.documents, document, func() (*domain.Policy, error) { return domain.ParsePolicy([]byte(document)) })
}

// after returns the policy that is in force when one is published after another.
func (m *policyMemory) after(before, published *domain.Policy) (*domain.Policy, error) {
	return remember(m, &m.successors, succession{before: before, published: published}, func() (*domain.Policy, error) {
		return published.After(before)
	})
}

// with returns the policy with a fitted model in the place of the one of its role.
func (m *policyMemory) with(before *domain.Policy, role domain.ModelRole, model domain.FittedModel) (*domain.Policy, error) {
	return remember(m, &m.successors, succession{before: before, fitted: fmt.Sprint(role, model)}, func() (*domain.Policy, error) {
		return before.With(role, model)
	})
}

// document returns the document of a policy.
func (m *policyMemory) document(policy *domain.Policy) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.texts[policy]
	if !ok {
		text = string(policy.Document())
		if m.texts == nil || len(m.texts) >= mostPolicies {
			m.texts = make(map[*domain.Policy]string)
		}
		m.texts[policy] = text
	}
	return text
}

// remember returns the policy of a key, which is made when it is not known. Errors are not kept.
func remember[K comparable](m *policyMemory, in *map[K]*domain.Policy, key K, read func() (*domain.Policy, error)) (*domain.Policy, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := (*in)[key]; p != nil {
		return p, nil
	}
	p, err := read()
	if err != nil {
		return nil, err
	}
	if *in == nil || len(*in) >= mostPolicies {
		*in = make(map[K]*domain.Policy)
	}
	(*in)[key] = p
	return p, nil
}
