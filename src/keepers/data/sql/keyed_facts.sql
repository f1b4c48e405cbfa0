-- Facts with their customer's key, a number that is the order's alone, and where they go in the account.
SELECT f.*, k.customer_key, s.by_fact, coalesce(o.occurrence, 1) AS occurrence, coalesce(n.shown_id, {number}) AS shown_id,
       CASE
           WHEN f.missing IS NOT NULL THEN 'quarantined'
           WHEN s.fact_id IS NOT NULL THEN 'merged'
           WHEN f.kind = 'other' THEN 'other'
           WHEN f.kind = 'refund' THEN 'refund'
           WHEN f.state <> 'paid' THEN f.state
           WHEN k.customer_key IS NULL AND coalesce(f.gross, f.amount) = 0 THEN 'other'
           WHEN k.customer_key IS NULL THEN 'unknown customer'
           ELSE 'counted'
       END AS destination
FROM {facts} f
LEFT JOIN {keys} k USING (person)
LEFT JOIN {superseded} s USING (fact_id)
LEFT JOIN {occurrences} o USING (fact_id)
LEFT JOIN {renumbered} n USING (fact_id)
