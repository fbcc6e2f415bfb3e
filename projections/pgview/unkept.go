package pgview

import "github.com/rapport-crm/rapport/domain"

// firstDefault is the fingerprint of the default policy as the first version of the program took it. That version kept
// the fingerprint of the policy that views began with, and its version, but no document.
const firstDefault = "01bab4e74ab4ce68f80c79d655b0d526"

// MayHaveBegunWith reports whether views that keep no document of their policy may have begun with the given one. Of the
// default that is known. A document of its own is told from the default and by its version; another one under the same
// version is taken for it, because fingerprints of that time cannot be made any more.
func (l *Live) MayHaveBegunWith(p *domain.Policy) bool {
	return mayHaveBegunWith(p, l.PolicyVersion, l.PolicyDigest)
}

func mayHaveBegunWith(p *domain.Policy, version, digest string) bool {
	if p.Digest() == domain.DefaultPolicy().Digest() {
		return digest == firstDefault || digest == p.Digest()
	}
	return p.Version == version && digest != firstDefault
}
