-- Why: subscriptions and deliveries of webhooks outlive the process that sends them. They are no views: a rebuild does not
-- touch them, so they have a schema of their own.
-- Locks: nothing that exists.
-- +goose Up
CREATE TABLE rapport_notify.subscriptions (
    id          text        PRIMARY KEY,
    url         text        NOT NULL,
    description text        NOT NULL,
    types       text[]      NOT NULL,
    org_unit    text        NOT NULL,
    min_level   text        NOT NULL,
    ordered     boolean     NOT NULL,
    max_age_us  bigint      NOT NULL,
    old_news    boolean     NOT NULL,
    secrets     jsonb       NOT NULL,
    disabled    text        NOT NULL,
    disabled_at timestamptz,
    created_at  timestamptz NOT NULL
);

COMMENT ON TABLE rapport_notify.subscriptions IS 'Who is told of what over HTTP.';
COMMENT ON COLUMN rapport_notify.subscriptions.secrets IS 'Keys that requests are signed with, newest first, in clear: whoever reads this can sign.';
COMMENT ON COLUMN rapport_notify.subscriptions.max_age_us IS 'Greatest age of outputs that are sent, in microseconds; 0 is the default.';
COMMENT ON COLUMN rapport_notify.subscriptions.disabled IS 'Why nothing is sent; empty while the endpoint is in use.';

CREATE TABLE rapport_notify.deliveries (
    seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           text        NOT NULL UNIQUE,
    subscription text        NOT NULL,
    event        text        NOT NULL,
    type         text        NOT NULL,
    customer     text        NOT NULL,
    body         bytea       NOT NULL,
    status       text        NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
    reason       text        NOT NULL,
    created_at   timestamptz NOT NULL,
    next_attempt timestamptz,
    window_start timestamptz,
    tries        integer     NOT NULL,
    finished_at  timestamptz,
    attempts     integer     NOT NULL,
    log          jsonb       NOT NULL,
    claim        bigint      NOT NULL
);

COMMENT ON TABLE rapport_notify.deliveries IS 'One output on its way to one endpoint.';
COMMENT ON COLUMN rapport_notify.deliveries.seq IS 'Order in which deliveries were made.';
COMMENT ON COLUMN rapport_notify.deliveries.id IS 'The webhook-id of every request for it.';
COMMENT ON COLUMN rapport_notify.deliveries.next_attempt IS 'Earliest next request of a pending delivery; during a request, when another engine may take over.';
COMMENT ON COLUMN rapport_notify.deliveries.claim IS 'How often it was taken on and settled; only the latest claim may settle it.';

-- What is due, and the earliest of an endpoint.
CREATE INDEX deliveries_due ON rapport_notify.deliveries (subscription, next_attempt, seq) WHERE status = 'pending';
-- Whether an earlier one of the same customer is pending.
CREATE INDEX deliveries_customer ON rapport_notify.deliveries (subscription, customer, seq) WHERE status = 'pending';
-- The journal of an endpoint, newest first.
CREATE INDEX deliveries_journal ON rapport_notify.deliveries (subscription, seq);
-- What is old enough to be deleted.
CREATE INDEX deliveries_finished ON rapport_notify.deliveries (finished_at) WHERE status <> 'pending';
