-- Why: a subscription may ask for one delivery a day; until then what it is to hold waits among the pending deliveries.
-- Locks: both tables, while the deliveries are checked anew.
-- +goose Up
ALTER TABLE rapport_notify.subscriptions ADD COLUMN digest text NOT NULL DEFAULT '';
ALTER TABLE rapport_notify.deliveries
    ADD COLUMN digest_at timestamptz,
    DROP CONSTRAINT deliveries_status_check,
    ADD CONSTRAINT deliveries_status_check CHECK (status IN ('pending', 'digested', 'delivered', 'dead'));

COMMENT ON COLUMN rapport_notify.subscriptions.digest IS 'Time of day of the daily digest; empty when each output is sent by itself.';
COMMENT ON COLUMN rapport_notify.deliveries.digest_at IS 'Time of the digest that it waits for or is in; null when it is sent by itself.';

-- What waits for a digest.
CREATE INDEX deliveries_held ON rapport_notify.deliveries (subscription, digest_at, seq) WHERE status = 'pending' AND digest_at IS NOT NULL;
