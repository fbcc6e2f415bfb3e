-- What analysts read: views over the live generation, with names and units instead of numbers.
CREATE OR REPLACE VIEW rapport.customers AS
SELECT c.id,
       c.partition,
       c.events,
       rapport.instant(c.first_event_at) AS first_event_at,
       rapport.instant(c.last_event_at) AS last_event_at,
       ({{.Stages}})[1 + CASE
           WHEN c.silent4_at BETWEEN 1 AND n.newest THEN c.silent4_stage
           WHEN c.silent3_at BETWEEN 1 AND n.newest THEN c.silent3_stage
           WHEN c.silent2_at BETWEEN 1 AND n.newest THEN c.silent2_stage
           WHEN c.silent1_at BETWEEN 1 AND n.newest THEN c.silent1_stage
           ELSE c.stage END] AS stage,
       rapport.instant(CASE
           WHEN c.silent4_at BETWEEN 1 AND n.newest THEN c.silent4_at
           WHEN c.silent3_at BETWEEN 1 AND n.newest THEN c.silent3_at
           WHEN c.silent2_at BETWEEN 1 AND n.newest THEN c.silent2_at
           WHEN c.silent1_at BETWEEN 1 AND n.newest THEN c.silent1_at
           ELSE c.since END) AS since,
       rapport.month(c.cohort) AS cohort,
       ({{.Risks}})[1 + c.risk] AS risk,
       NULLIF(c.value_class, 0) AS value_class,
       NULLIF(c.name, '') AS name,
       NULLIF(c.party_type, '') AS party_type,
       NULLIF(c.org_unit, '') AS org_unit,
       c.owners,
       c.purchases,
       NULLIF(c.currency, '') AS currency,
       c.purchased_minor,
       c.returned_minor,
       c.other_sums,
       rapport.instant(c.last_purchase_at) AS last_purchase_at,
       rapport.instant(c.last_contact_at) AS last_contact_at,
       c.open_matters
FROM {{.Schema}}.customers c
CROSS JOIN (SELECT max(newest) AS newest FROM {{.Schema}}.checkpoints) n
WHERE c.is_customer;

COMMENT ON VIEW rapport.customers IS 'One row per customer. "Now" is the newest occurred_at that was folded; silence up to now has had its effect.';
COMMENT ON COLUMN rapport.customers.id IS 'Customer id, the subject of its events.';
COMMENT ON COLUMN rapport.customers.partition IS 'Partition of the log that holds the customer.';
COMMENT ON COLUMN rapport.customers.events IS 'Number of accepted events.';
COMMENT ON COLUMN rapport.customers.first_event_at IS 'Earliest occurred_at: when the lifecycle began.';
COMMENT ON COLUMN rapport.customers.last_event_at IS 'Newest occurred_at.';
COMMENT ON COLUMN rapport.customers.stage IS 'Stage now: prospect, growth, maturity, decline or termination.';
COMMENT ON COLUMN rapport.customers.since IS 'When the customer entered that stage.';
COMMENT ON COLUMN rapport.customers.cohort IS 'First day of the month in which the first growth began; null before.';
COMMENT ON COLUMN rapport.customers.risk IS 'Level of the open churn warning: low (none), watch, high or critical. What silence brings shows from the next tick or event of the customer on.';
COMMENT ON COLUMN rapport.customers.value_class IS 'Place of the class of value among those of the policy, 1 for the highest; null without a class.';
COMMENT ON COLUMN rapport.customers.name IS 'Name. Personal.';
COMMENT ON COLUMN rapport.customers.party_type IS 'person or organisation.';
COMMENT ON COLUMN rapport.customers.org_unit IS 'Path of the organisation unit that serves the customer.';
COMMENT ON COLUMN rapport.customers.owners IS 'Employees who follow the customer now, in the order of assignment.';
COMMENT ON COLUMN rapport.customers.purchases IS 'Number of purchases.';
COMMENT ON COLUMN rapport.customers.currency IS 'Currency of the first trade, that of purchased_minor and returned_minor.';
COMMENT ON COLUMN rapport.customers.purchased_minor IS 'Sum of the purchases in that currency, in minor units.';
COMMENT ON COLUMN rapport.customers.returned_minor IS 'Sum of the returns in that currency, in minor units.';
COMMENT ON COLUMN rapport.customers.other_sums IS 'The same sums in every other currency; null when there is none.';
COMMENT ON COLUMN rapport.customers.last_purchase_at IS 'Newest occurred_at of a purchase.';
COMMENT ON COLUMN rapport.customers.last_contact_at IS 'Newest occurred_at of a contact that came about, in either direction.';
COMMENT ON COLUMN rapport.customers.open_matters IS 'Number of matters that are not settled.';

CREATE OR REPLACE VIEW rapport.moves AS
SELECT customer,
       seq,
       rapport.instant(at) AS at,
       ({{.Stages}})[1 + from_stage] AS from_stage,
       ({{.Stages}})[1 + to_stage] AS to_stage,
       ({{.Reasons}})[1 + reason] AS reason,
       inferred,
       won_back,
       dwell / 86400000000.0 AS dwell_days,
       evidence,
       policy AS policy_version
FROM {{.Schema}}.moves;

COMMENT ON VIEW rapport.moves IS 'Every step through the lifecycle. A step that silence brought gets its row with the next tick or the next event of the customer; rapport.customers shows its effect at once.';
COMMENT ON COLUMN rapport.moves.customer IS 'Customer id.';
COMMENT ON COLUMN rapport.moves.seq IS 'Number of the move in the life of the customer, from 1.';
COMMENT ON COLUMN rapport.moves.at IS 'When it took effect.';
COMMENT ON COLUMN rapport.moves.from_stage IS 'Stage that was left; none at the beginning.';
COMMENT ON COLUMN rapport.moves.to_stage IS 'Stage that was entered.';
COMMENT ON COLUMN rapport.moves.reason IS 'Rule that made the move.';
COMMENT ON COLUMN rapport.moves.inferred IS 'Whether silence ended the relationship, and not a report.';
COMMENT ON COLUMN rapport.moves.won_back IS 'Whether the customer came back from decline or termination.';
COMMENT ON COLUMN rapport.moves.dwell_days IS 'Time spent in the stage that was left, in days of 24 hours.';
COMMENT ON COLUMN rapport.moves.evidence IS 'Ids of the events behind the move.';
COMMENT ON COLUMN rapport.moves.policy_version IS 'Version of the policy that produced the move.';

CREATE OR REPLACE VIEW rapport.rollup_flows AS
SELECT date '1970-01-01' + a AS day,
       ({{.Stages}})[1 + b] AS from_stage,
       ({{.Stages}})[1 + c] AS to_stage,
       d <> 0 AS won_back,
       sum(n1)::bigint AS moves,
       sum(n2) / 86400000.0 AS dwell_days
FROM {{.Schema}}.rollups
WHERE kind = {{.Flows}}
GROUP BY a, b, c, d;

COMMENT ON VIEW rapport.rollup_flows IS 'Number of moves by day and kind. Moves that silence brought count from the next tick or event of their customer on.';
COMMENT ON COLUMN rapport.rollup_flows.day IS 'Calendar day in the time zone of the policy.';
COMMENT ON COLUMN rapport.rollup_flows.from_stage IS 'Stage that was left; none at the beginning.';
COMMENT ON COLUMN rapport.rollup_flows.to_stage IS 'Stage that was entered.';
COMMENT ON COLUMN rapport.rollup_flows.won_back IS 'Whether the customers came back from decline or termination.';
COMMENT ON COLUMN rapport.rollup_flows.moves IS 'Number of moves.';
COMMENT ON COLUMN rapport.rollup_flows.dwell_days IS 'Sum of the time spent in the stage that was left, in days of 24 hours.';

CREATE OR REPLACE VIEW rapport.rollup_cohorts AS
SELECT rapport.month(a) AS cohort,
       rapport.month(b) AS month,
       sum(n1)::bigint AS change
FROM {{.Schema}}.rollups
WHERE kind = {{.Cohorts}} AND a > 0
GROUP BY a, b;

COMMENT ON VIEW rapport.rollup_cohorts IS 'By how many customers the active ones of a cohort changed in each month; a running sum over the months gives the active customers.';
COMMENT ON COLUMN rapport.rollup_cohorts.cohort IS 'First day of the month in which the first growth of the customers began.';
COMMENT ON COLUMN rapport.rollup_cohorts.month IS 'First day of the month of the change; null for the size of the cohort.';
COMMENT ON COLUMN rapport.rollup_cohorts.change IS 'Change of the number of active customers, or the size of the cohort.';

CREATE OR REPLACE VIEW rapport.rollup_trade AS
SELECT name AS currency,
       sum(n1)::bigint AS purchases,
       sum(n2) AS purchased_minor,
       sum(n3)::bigint AS returns,
       sum(n4) AS returned_minor
FROM {{.Schema}}.rollups
WHERE kind = {{.Trade}}
GROUP BY name;

COMMENT ON VIEW rapport.rollup_trade IS 'Sums of trade by currency.';
COMMENT ON COLUMN rapport.rollup_trade.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN rapport.rollup_trade.purchases IS 'Number of purchases.';
COMMENT ON COLUMN rapport.rollup_trade.purchased_minor IS 'Sum of the purchases in minor units.';
COMMENT ON COLUMN rapport.rollup_trade.returns IS 'Number of returns.';
COMMENT ON COLUMN rapport.rollup_trade.returned_minor IS 'Sum of the returns in minor units.';

CREATE OR REPLACE VIEW rapport.rollup_open AS
SELECT name AS kind, sum(n1)::bigint AS matters
FROM {{.Schema}}.rollups
WHERE kind = {{.Open}}
GROUP BY name;

COMMENT ON VIEW rapport.rollup_open IS 'Number of open matters by kind.';
COMMENT ON COLUMN rapport.rollup_open.kind IS 'Kind of matter: order, complaint, service_request, payment, promise or follow_up.';
COMMENT ON COLUMN rapport.rollup_open.matters IS 'Number of matters that are not settled.';

CREATE OR REPLACE VIEW rapport.rollup_types AS
SELECT name AS type, sum(n1)::bigint AS events
FROM {{.Schema}}.rollups
WHERE kind = {{.Types}}
GROUP BY name;

COMMENT ON VIEW rapport.rollup_types IS 'Number of accepted events by type.';
COMMENT ON COLUMN rapport.rollup_types.type IS 'Event type; those outside the catalogue are counted together as (unknown).';
COMMENT ON COLUMN rapport.rollup_types.events IS 'Number of events.';

CREATE OR REPLACE VIEW rapport.rollup_stages AS
SELECT ({{.Stages}})[1 + a] AS stage, sum(n1)::bigint AS customers
FROM {{.Schema}}.rollups
WHERE kind = {{.StageCounts}}
GROUP BY a;

COMMENT ON VIEW rapport.rollup_stages IS 'Number of customers by stage as of their own last event or the last tick, before the moves that silence brought since.';
COMMENT ON COLUMN rapport.rollup_stages.stage IS 'Stage.';
COMMENT ON COLUMN rapport.rollup_stages.customers IS 'Number of customers.';

CREATE OR REPLACE VIEW rapport.rollup_warnings AS
SELECT ({{.Risks}})[1 + a] AS level, sum(n1)::bigint AS customers
FROM {{.Schema}}.rollups
WHERE kind = {{.WarningCounts}}
GROUP BY a;

COMMENT ON VIEW rapport.rollup_warnings IS 'Number of customers by the level of their open churn warning, as of their own last event or the last tick.';
COMMENT ON COLUMN rapport.rollup_warnings.level IS 'Level.';
COMMENT ON COLUMN rapport.rollup_warnings.customers IS 'Number of customers.';

CREATE OR REPLACE VIEW rapport.rollup_verdicts AS
SELECT ({{.Verdicts}})[1 + a] AS verdict, sum(n1)::bigint AS records
FROM {{.Schema}}.rollups
WHERE kind = {{.VerdictCounts}}
GROUP BY a;

COMMENT ON VIEW rapport.rollup_verdicts IS 'Number of records of the log by verdict.';
COMMENT ON COLUMN rapport.rollup_verdicts.verdict IS 'accepted, duplicate, conflict or quarantined.';
COMMENT ON COLUMN rapport.rollup_verdicts.records IS 'Number of records.';

CREATE OR REPLACE VIEW rapport.rollup_late AS
SELECT coalesce(sum(n1), 0)::bigint AS events
FROM {{.Schema}}.rollups
WHERE kind = {{.Late}};

COMMENT ON VIEW rapport.rollup_late IS 'One row: how many accepted events came after something newer of the same customer.';
COMMENT ON COLUMN rapport.rollup_late.events IS 'Number of events.';

CREATE OR REPLACE VIEW rapport.cells AS
SELECT ({{.CellKinds}})[1 + kind] AS kind,
       rapport.month(month) AS month,
       NULLIF(unit, '') AS org_unit,
       NULLIF(employee, '') AS employee,
       NULLIF(role, '') AS role,
       name1, name2, name3, name4,
       {{range $i, $n := .Sums}}{{if $i}}, {{end}}sum({{$n}})::bigint AS {{$n}}{{end}}
FROM {{.Schema}}.cells
GROUP BY kind, month, unit, employee, role, name1, name2, name3, name4;

COMMENT ON VIEW rapport.cells IS 'Counts by month and dimensions. What the names and the counts of each kind mean is in docs/cells.md. What silence brought counts from the next tick or event of the customer on.';
COMMENT ON COLUMN rapport.cells.kind IS 'What is counted, for example answer or deadline.';
COMMENT ON COLUMN rapport.cells.month IS 'First day of the month, in the time zone of the policy.';
COMMENT ON COLUMN rapport.cells.org_unit IS 'Path of the organisation unit.';
COMMENT ON COLUMN rapport.cells.employee IS 'Employee whose work is counted; null in the rows that count all of it.';
COMMENT ON COLUMN rapport.cells.role IS 'Role of that employee.';
{{range .Names}}COMMENT ON COLUMN rapport.cells.{{.}} IS 'Dimension of the kind.';
{{end}}{{range .Sums}}COMMENT ON COLUMN rapport.cells.{{.}} IS 'Count of the kind.';
{{end}}
CREATE OR REPLACE VIEW rapport.cases AS
SELECT c.kind,
       c.customer,
       c.id,
       NULLIF(c.unit, '') AS org_unit,
       NULLIF(c.holder, '') AS holder,
       NULLIF(c.topic, '') AS topic,
       CASE WHEN c.ended_at <> 0 THEN 'ended'
            WHEN c.due_at BETWEEN 1 AND n.newest THEN 'overdue'
            WHEN c.near_at BETWEEN 1 AND n.newest THEN 'near'
            ELSE 'open' END AS status,
       rapport.instant(c.opened_at) AS opened_at,
       rapport.instant(c.near_at) AS near_at,
       rapport.instant(c.due_at) AS due_at,
       rapport.instant(c.ended_at) AS ended_at,
       c.detail,
       rapport.instant(c.waits_from) AS waits_from
FROM {{.Schema}}.cases c
CROSS JOIN (SELECT max(newest) AS newest FROM {{.Schema}}.checkpoints) n;

COMMENT ON VIEW rapport.cases IS 'Complaints, running and missed deadlines, rectification sheets, departures of employees, churn warnings, losses and forecasts. What silence brings shows from the next tick or event of the customer on.';
COMMENT ON COLUMN rapport.cases.kind IS 'complaint, deadline, rectification, departure, warning, loss or forecast.';
COMMENT ON COLUMN rapport.cases.customer IS 'Stream: the customer, org: and the path of a unit, or employee: and an id.';
COMMENT ON COLUMN rapport.cases.id IS 'Id of the case within its stream.';
COMMENT ON COLUMN rapport.cases.org_unit IS 'Path of the organisation unit that has the customer.';
COMMENT ON COLUMN rapport.cases.holder IS 'Employee or department who has it now.';
COMMENT ON COLUMN rapport.cases.topic IS 'Name of the deadline, subject of the complaint, item, or level of the warning.';
COMMENT ON COLUMN rapport.cases.status IS 'open, near (most of its time has passed), overdue or ended.';
COMMENT ON COLUMN rapport.cases.opened_at IS 'When it began.';
COMMENT ON COLUMN rapport.cases.near_at IS 'When most of its time has passed; null without a deadline.';
COMMENT ON COLUMN rapport.cases.due_at IS 'When its time ends; null without a deadline.';
COMMENT ON COLUMN rapport.cases.waits_from IS 'From when on a warning waits for an answer, ahead while it is snoozed; null when it does not.';
COMMENT ON COLUMN rapport.cases.ended_at IS 'When it ended; null while it is open.';
COMMENT ON COLUMN rapport.cases.detail IS 'What else is known of a case of its kind.';

CREATE OR REPLACE VIEW rapport.quarantine AS
SELECT partition,
       record_offset,
       rapport.instant(recorded_at) AS recorded_at,
       NULLIF(customer, '') AS customer,
       NULLIF(event, '') AS event,
       NULLIF(type, '') AS type,
       ({{.Verdicts}})[1 + verdict] AS verdict,
       problems,
       CASE WHEN verdict = {{.Conflict}} THEN version END AS stream_version,
       status,
       rapport.instant(resolved_at) AS resolved_at,
       NULLIF(resolved_by, '') AS resolved_by,
       NULLIF(reason, '') AS reason,
       NULLIF(redriven, '') AS redriven_position
FROM {{.Schema}}.quarantine;

COMMENT ON VIEW rapport.quarantine IS 'Records that were set aside. The records themselves are in the log.';
COMMENT ON COLUMN rapport.quarantine.partition IS 'Partition of the record.';
COMMENT ON COLUMN rapport.quarantine.record_offset IS 'Offset of the record.';
COMMENT ON COLUMN rapport.quarantine.recorded_at IS 'When the log took the record.';
COMMENT ON COLUMN rapport.quarantine.customer IS 'Key of the record, as far as it is legible.';
COMMENT ON COLUMN rapport.quarantine.event IS 'Id of the event, as far as it is legible.';
COMMENT ON COLUMN rapport.quarantine.type IS 'Type of the event, as far as it is legible.';
COMMENT ON COLUMN rapport.quarantine.verdict IS 'conflict or quarantined.';
COMMENT ON COLUMN rapport.quarantine.problems IS 'List of objects: pointer to the field, rule it breaks, message.';
COMMENT ON COLUMN rapport.quarantine.stream_version IS 'Version that the stream had, for a conflict.';
COMMENT ON COLUMN rapport.quarantine.status IS 'open, redriven (appended again) or discarded.';
COMMENT ON COLUMN rapport.quarantine.resolved_at IS 'When that was decided; null while it is open.';
COMMENT ON COLUMN rapport.quarantine.resolved_by IS 'Who decided it.';
COMMENT ON COLUMN rapport.quarantine.reason IS 'Why the record was discarded.';
COMMENT ON COLUMN rapport.quarantine.redriven_position IS 'Place of the record that was appended again.';

CREATE OR REPLACE VIEW rapport.parked AS
SELECT p.partition,
       p.customer,
       p.record_offset,
       rapport.instant(p.at) AS parked_at,
       p.error,
       (SELECT count(*) FROM {{.Schema}}.queued q WHERE q.partition = p.partition AND q.customer = p.customer) AS queued_records
FROM {{.Schema}}.parked p;

COMMENT ON VIEW rapport.parked IS 'Customers whose records wait because the program could not process one of them.';
COMMENT ON COLUMN rapport.parked.partition IS 'Partition of the customer.';
COMMENT ON COLUMN rapport.parked.customer IS 'Customer id.';
COMMENT ON COLUMN rapport.parked.record_offset IS 'Offset of the record that could not be processed.';
COMMENT ON COLUMN rapport.parked.parked_at IS 'When the log took that record.';
COMMENT ON COLUMN rapport.parked.error IS 'What went wrong, and where in the program.';
COMMENT ON COLUMN rapport.parked.queued_records IS 'Number of records of the customer that wait.';

CREATE OR REPLACE VIEW rapport.policies AS
SELECT partition,
       record_offset,
       rapport.instant(at) AS published_at,
       version,
       document
FROM {{.Schema}}.policies;

COMMENT ON VIEW rapport.policies IS 'Policies that were published. The policy before the first of them is in rapport.generations.';
COMMENT ON COLUMN rapport.policies.partition IS 'Partition.';
COMMENT ON COLUMN rapport.policies.record_offset IS 'Offset from which the policy holds in that partition.';
COMMENT ON COLUMN rapport.policies.published_at IS 'When it was published.';
COMMENT ON COLUMN rapport.policies.version IS 'Version of the policy.';
COMMENT ON COLUMN rapport.policies.document IS 'The policy, in YAML.';

CREATE OR REPLACE VIEW rapport.checkpoints AS
SELECT c.partition,
       c.epoch,
       c.next_offset,
       rapport.instant(c.newest) AS newest_at,
       rapport.instant(c.recorded) AS recorded_at,
       NULLIF(c.owner, '') AS owner,
       c.claimed_at,
       p.version AS published_policy
FROM {{.Schema}}.checkpoints c
LEFT JOIN {{.Schema}}.policies p ON p.partition = c.partition AND p.record_offset = c.policy_offset;

COMMENT ON VIEW rapport.checkpoints IS 'How far each partition of the log was folded, and by whom.';
COMMENT ON COLUMN rapport.checkpoints.partition IS 'Partition.';
COMMENT ON COLUMN rapport.checkpoints.epoch IS 'Number of times that a writer took the partition or lost it to another generation.';
COMMENT ON COLUMN rapport.checkpoints.next_offset IS 'Offset of the next record to fold.';
COMMENT ON COLUMN rapport.checkpoints.newest_at IS 'Newest occurred_at that was accepted, or the newest tick.';
COMMENT ON COLUMN rapport.checkpoints.recorded_at IS 'When the last record that was folded was recorded.';
COMMENT ON COLUMN rapport.checkpoints.owner IS 'Process that folds the partition.';
COMMENT ON COLUMN rapport.checkpoints.claimed_at IS 'When that process took it.';
COMMENT ON COLUMN rapport.checkpoints.published_policy IS 'Version of the policy that was published last in the partition; null when none was.';
