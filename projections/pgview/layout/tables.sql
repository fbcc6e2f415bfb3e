-- Tables of one generation, without keys and indexes, which are in indexes.sql so that tables can be filled first.
-- Instants are microseconds since 0001-01-01T00:00:00Z and 0 means never; stages and reasons are the numbers of the
-- program. What analysts read is in views.sql.
CREATE SCHEMA {{.Schema}};

-- One row per stream, those of organisation units and employees included. Rows are rewritten with nearly every event of
-- their customer: the free space in each page keeps the new version beside the old one.
CREATE TABLE {{.Schema}}.customers (
    id               text COLLATE "C" NOT NULL,
    partition        integer  NOT NULL,
    is_customer      boolean  NOT NULL,
    events           bigint   NOT NULL,
    last_offset      bigint   NOT NULL,
    first_event_at   bigint   NOT NULL,
    last_event_at    bigint   NOT NULL,
    stage            smallint NOT NULL,
    since            bigint   NOT NULL,
    cohort           integer  NOT NULL,
    -- The level of the open churn warning, 0 without one, before what silence brings from next_due on.
    risk             smallint NOT NULL,
    -- Place of the class of value among those of the policy, from 1; 0 for none.
    value_class      smallint NOT NULL,
    -- When the next timer fires; 0 when none is set or the customer is parked.
    next_due         bigint   NOT NULL,
    -- The moves that silence alone will bring, in order; 0 when there are fewer.
    silent1_at       bigint   NOT NULL,
    silent1_stage    smallint NOT NULL,
    silent2_at       bigint   NOT NULL,
    silent2_stage    smallint NOT NULL,
    silent3_at       bigint   NOT NULL,
    silent3_stage    smallint NOT NULL,
    silent4_at       bigint   NOT NULL,
    silent4_stage    smallint NOT NULL,
    name             text COLLATE "C" NOT NULL,
    party_type       text COLLATE "C" NOT NULL,
    org_unit         text COLLATE "C" NOT NULL,
    owners           text[] COLLATE "C" NOT NULL,
    -- Id and name in lower case as the program makes it, which the rules of a database's locale may do otherwise.
    id_folded        text COLLATE "C" NOT NULL,
    name_folded      text COLLATE "C" NOT NULL,
    purchases        bigint   NOT NULL,
    currency         text COLLATE "C" NOT NULL,
    purchased_minor  bigint   NOT NULL,
    returned_minor   bigint   NOT NULL,
    other_sums       json,
    last_purchase_at bigint   NOT NULL,
    last_contact_at  bigint   NOT NULL,
    open_matters     integer  NOT NULL,
    digest1          bigint   NOT NULL,
    digest2          bigint   NOT NULL,
    -- Number of chunks of the stream's index in stream_chunks; the open one is tail.
    sealed           integer  NOT NULL,
    state            bytea    NOT NULL,
    tail             bytea    NOT NULL,
    -- Offsets of the control records that changed the stream, each less the one before it, as varints.
    touched          bytea    NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Fingerprints do not compress, so nothing is spent on the attempt.
ALTER TABLE {{.Schema}}.customers
    ALTER COLUMN state SET STORAGE EXTERNAL,
    ALTER COLUMN tail SET STORAGE EXTERNAL,
    ALTER COLUMN touched SET STORAGE EXTERNAL;

CREATE TABLE {{.Schema}}.stream_chunks (
    customer text COLLATE "C" NOT NULL,
    number   integer NOT NULL,
    chunk    bytea    NOT NULL
);

ALTER TABLE {{.Schema}}.stream_chunks ALTER COLUMN chunk SET STORAGE EXTERNAL;

CREATE TABLE {{.Schema}}.moves (
    customer   text COLLATE "C" NOT NULL,
    seq        integer  NOT NULL,
    at         bigint   NOT NULL,
    from_stage smallint NOT NULL,
    to_stage   smallint NOT NULL,
    reason     smallint NOT NULL,
    inferred   boolean  NOT NULL,
    won_back   boolean  NOT NULL,
    dwell      bigint   NOT NULL,
    evidence   text[] COLLATE "C" NOT NULL,
    policy     text COLLATE "C" NOT NULL
);

-- Additive counts, a set for each partition so that their writers never wait for each other. What the columns mean
-- depends on the kind; see rollups.go.
CREATE TABLE {{.Schema}}.rollups (
    partition integer  NOT NULL,
    kind      smallint NOT NULL,
    a         integer  NOT NULL,
    b         integer  NOT NULL,
    c         integer  NOT NULL,
    d         integer  NOT NULL,
    name      text COLLATE "C" NOT NULL,
    n1        bigint   NOT NULL,
    n2        bigint   NOT NULL,
    n3        bigint   NOT NULL,
    n4        bigint   NOT NULL
) WITH (fillfactor = 50);

-- Additive counts by month, organisation unit and further dimensions, a set for each partition. What the names and the
-- counts mean depends on the kind; see the projection that counts it.
CREATE TABLE {{.Schema}}.cells (
    partition integer  NOT NULL,
    kind      smallint NOT NULL,
    month     integer  NOT NULL,
    -- Fingerprint of the texts, which together may be longer than a key of an index can be.
    texts     bytea    NOT NULL,
    unit      text COLLATE "C" NOT NULL,
    name1     text COLLATE "C" NOT NULL,
    name2     text COLLATE "C" NOT NULL,
    name3     text COLLATE "C" NOT NULL,
    name4     text COLLATE "C" NOT NULL,
    employee  text COLLATE "C" NOT NULL,
    role      text COLLATE "C" NOT NULL{{range .Sums}},
    {{.}} bigint NOT NULL{{end}}
) WITH (fillfactor = 50);

-- What people list across customers. Rows follow from the states of their streams alone.
CREATE TABLE {{.Schema}}.cases (
    kind       text COLLATE "C" NOT NULL,
    customer   text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    unit       text COLLATE "C" NOT NULL,
    holder     text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    opened_at  bigint NOT NULL,
    near_at    bigint NOT NULL,
    due_at     bigint NOT NULL,
    waits_from bigint NOT NULL,
    ended_at   bigint NOT NULL,
    detail     json   NOT NULL
);

CREATE TABLE {{.Schema}}.quarantine (
    partition     integer  NOT NULL,
    record_offset bigint   NOT NULL,
    recorded_at   bigint   NOT NULL,
    customer      text COLLATE "C" NOT NULL,
    event         text COLLATE "C" NOT NULL,
    type          text COLLATE "C" NOT NULL,
    verdict       smallint NOT NULL,
    problems      json     NOT NULL,
    version       bigint   NOT NULL,
    status        text COLLATE "C" NOT NULL,
    resolved_at   bigint   NOT NULL DEFAULT 0,
    resolved_by   text COLLATE "C" NOT NULL DEFAULT '',
    reason        text COLLATE "C" NOT NULL DEFAULT '',
    redriven      text COLLATE "C" NOT NULL DEFAULT ''
);

-- Customers on which the fold panicked, and the records that wait behind them.
CREATE TABLE {{.Schema}}.parked (
    partition     integer NOT NULL,
    customer      text COLLATE "C" NOT NULL,
    record_offset bigint  NOT NULL,
    at            bigint  NOT NULL,
    error         text    NOT NULL
);

CREATE TABLE {{.Schema}}.queued (
    partition     integer NOT NULL,
    customer      text COLLATE "C" NOT NULL,
    record_offset bigint  NOT NULL
);

-- Policies that were published, each with the place from which it holds in the partition.
CREATE TABLE {{.Schema}}.policies (
    partition     integer NOT NULL,
    record_offset bigint  NOT NULL,
    at            bigint  NOT NULL,
    version       text    NOT NULL,
    document      text    NOT NULL
);

CREATE TABLE {{.Schema}}.checkpoints (
    partition     integer PRIMARY KEY,
    epoch         bigint NOT NULL DEFAULT 0,
    next_offset   bigint NOT NULL DEFAULT 0,
    sweep         text COLLATE "C" NOT NULL DEFAULT '',
    last          bigint NOT NULL DEFAULT 0,
    newest        bigint NOT NULL DEFAULT 0,
    recorded      bigint NOT NULL DEFAULT 0,
    -- Where the policy in force was published; null when none was.
    policy_offset bigint,
    digest1       bigint NOT NULL DEFAULT 0,
    digest2       bigint NOT NULL DEFAULT 0,
    owner         text   NOT NULL DEFAULT '',
    claimed_at    timestamptz
) WITH (fillfactor = 10);

INSERT INTO {{.Schema}}.checkpoints (partition) SELECT generate_series(0, {{.Partitions}} - 1);
