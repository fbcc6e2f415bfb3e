-- Why: a new generation is filled beside the live one, shown when it has caught up, and the old one stays until it is
-- dropped. The column state replaces live, so that a program from before this migration refuses to start on the
-- database and does not drop what it does not know.
-- Locks: rapport.generations, for a moment.
-- +goose Up
ALTER TABLE rapport.generations
    ADD COLUMN state           text    NOT NULL DEFAULT 'building',
    ADD COLUMN policy_document text    NOT NULL DEFAULT '',
    ADD COLUMN era             integer NOT NULL DEFAULT 0,
    ADD COLUMN shown_at        timestamptz,
    ADD COLUMN note            text    NOT NULL DEFAULT '',
    ADD CONSTRAINT generations_state CHECK (state IN ('loading', 'building', 'live', 'kept'));

UPDATE rapport.generations SET state = CASE WHEN live THEN 'live' ELSE 'kept' END, shown_at = created_at;

DROP INDEX rapport.generations_live;
ALTER TABLE rapport.generations DROP COLUMN live;
CREATE UNIQUE INDEX generations_live ON rapport.generations (state) WHERE state = 'live';

COMMENT ON COLUMN rapport.generations.policy_version IS 'Version of the policy it begins with; published policies are in rapport.policies.';
COMMENT ON COLUMN rapport.generations.policy_digest IS 'Fingerprint of the values of that policy.';
COMMENT ON COLUMN rapport.generations.state IS 'loading: a rebuild fills its tables; building: it is folded and nobody is shown it yet; live: the views of this schema show it; kept: it was live and can be shown again.';
COMMENT ON COLUMN rapport.generations.policy_document IS 'The policy it begins with, every value written out.';
COMMENT ON COLUMN rapport.generations.era IS 'Number in the sequences of the derived events. It goes up when a generation with other results is shown.';
COMMENT ON COLUMN rapport.generations.shown_at IS 'When it was made the live one the last time; null when it never was.';
COMMENT ON COLUMN rapport.generations.note IS 'Remark for people.';
