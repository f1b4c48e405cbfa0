-- What is left belongs to no order in the data.
INSERT INTO {parts}
SELECT r.fact_id, NULL, r.day, r.occurred_at, abs(coalesce(r.amount, r.gross)) - coalesce(u.amount, 0), true, 'unmatched'
FROM {facts} r LEFT JOIN (SELECT refund_fact, sum(amount) AS amount, bool_or(how = 'named') AS named FROM {parts} GROUP BY 1) u ON u.refund_fact = r.fact_id
WHERE r.kind = 'refund' AND r.state = 'paid' AND NOT coalesce(u.named, false) AND abs(coalesce(r.amount, r.gross)) > coalesce(u.amount, 0)
