-- The same order in a newer export of the same system.
SELECT fact_id, 'the same order in a newer file' AS why, first_value(fact_id) OVER w AS by_fact
FROM {facts}
WHERE numbered AND missing IS NULL AND kind <> 'other'
WINDOW w AS (PARTITION BY system, payments, kind, order_id ORDER BY last_day DESC, tax IS NULL AND shipping IS NULL, source_no DESC, fact_id)
QUALIFY source_no <> first_value(source_no) OVER w
