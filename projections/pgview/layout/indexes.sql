-- Keys and indexes of the tables of one generation.
ALTER TABLE {{.Schema}}.customers ADD PRIMARY KEY (id);
CREATE INDEX customers_due ON {{.Schema}}.customers (partition, next_due) WHERE next_due > 0;
-- Nearly every event moves its customer within these two. They are read from their end, where the newest are; the few
-- rows with equal instants are put in order by the query.
CREATE INDEX customers_last_event ON {{.Schema}}.customers (last_event_at);
CREATE INDEX customers_last_purchase ON {{.Schema}}.customers (last_purchase_at);
CREATE INDEX customers_risk ON {{.Schema}}.customers (risk, id) WHERE risk > 0;
CREATE INDEX customers_org_unit ON {{.Schema}}.customers (org_unit, id) WHERE org_unit <> '';

ALTER TABLE {{.Schema}}.stream_chunks ADD PRIMARY KEY (customer, number);

ALTER TABLE {{.Schema}}.moves ADD PRIMARY KEY (customer, seq);
-- Moves come in about the order in which they take effect, so that ranges of pages tell where an instant is.
CREATE INDEX moves_at ON {{.Schema}}.moves USING brin (at) WITH (autosummarize = on);

ALTER TABLE {{.Schema}}.rollups ADD PRIMARY KEY (partition, kind, a, b, c, d, name);

ALTER TABLE {{.Schema}}.cells ADD PRIMARY KEY (partition, kind, month, texts);

ALTER TABLE {{.Schema}}.cases ADD PRIMARY KEY (customer, kind, id);
CREATE INDEX cases_warning ON {{.Schema}}.cases (id) WHERE kind = 'warning';
CREATE INDEX cases_opened ON {{.Schema}}.cases (kind, (-opened_at), customer, id);
CREATE INDEX cases_open ON {{.Schema}}.cases (kind, due_at) WHERE ended_at = 0;

ALTER TABLE {{.Schema}}.quarantine ADD PRIMARY KEY (partition, record_offset);
CREATE INDEX quarantine_recorded ON {{.Schema}}.quarantine (recorded_at DESC, partition, record_offset DESC);
CREATE INDEX quarantine_open ON {{.Schema}}.quarantine (recorded_at DESC, partition, record_offset DESC) WHERE status = 'open';

ALTER TABLE {{.Schema}}.parked ADD PRIMARY KEY (partition, customer);
ALTER TABLE {{.Schema}}.queued ADD PRIMARY KEY (partition, record_offset);
CREATE INDEX queued_customer ON {{.Schema}}.queued (partition, customer, record_offset);
ALTER TABLE {{.Schema}}.policies ADD PRIMARY KEY (partition, record_offset);
