-- Why: the control table of the view generations, and the functions by which analysts' views show instants and days.
-- Locks: nothing that exists.
-- +goose Up
CREATE TABLE rapport.generations (
    id            integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name   text        NOT NULL,
    state_format  integer     NOT NULL,
    layout        text        NOT NULL,
    partitions    integer     NOT NULL,
    policy_version text       NOT NULL,
    policy_digest text        NOT NULL,
    live          boolean     NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX generations_live ON rapport.generations (live) WHERE live;

COMMENT ON TABLE rapport.generations IS 'The complete sets of views that exist, one schema each.';
COMMENT ON COLUMN rapport.generations.id IS 'Number of the generation.';
COMMENT ON COLUMN rapport.generations.schema_name IS 'Schema that holds its tables.';
COMMENT ON COLUMN rapport.generations.state_format IS 'Format of the stored customer states.';
COMMENT ON COLUMN rapport.generations.layout IS 'Fingerprint of the definitions of its tables.';
COMMENT ON COLUMN rapport.generations.partitions IS 'Number of partitions of the log it is folded from.';
COMMENT ON COLUMN rapport.generations.policy_version IS 'Version of the policy it is folded with.';
COMMENT ON COLUMN rapport.generations.policy_digest IS 'Fingerprint of the values of that policy.';
COMMENT ON COLUMN rapport.generations.live IS 'Whether the views of this schema show it; true for one generation.';
COMMENT ON COLUMN rapport.generations.created_at IS 'When it was made.';

-- An instant is stored in microseconds since 0001-01-01T00:00:00Z, 0 for never. The difference to 1970 stays below
-- 2^53 for every year up to 2255, so the product with an interval is exact.
CREATE FUNCTION rapport.instant(microseconds bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN microseconds <> 0
        THEN timestamptz '1970-01-01 00:00:00+00' + (microseconds - 62135596800000000) * interval '1 microsecond'
    END;

-- A month is stored as the number of months since January of year 0, 0 for none.
CREATE FUNCTION rapport.month(months integer) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN months > 0 THEN make_date(months / 12, months % 12 + 1, 1) END;

-- Sums keep the low 64 bits, as the arithmetic of the program does, so that no amount in an event can stop a commit.
CREATE FUNCTION rapport.sum64(a bigint, b bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (mod(a::numeric + b + 27670116110564327424, 18446744073709551616) - 9223372036854775808)::bigint;
