-- Payments of orders that the shop's own export tells of: named by number, or of the same person, day and sum.
WITH payments AS (
    SELECT * FROM {facts} WHERE payments AND kind = 'sale' AND state = 'paid' AND missing IS NULL
),
shop AS (SELECT * FROM {facts} WHERE NOT payments AND kind = 'sale' AND missing IS NULL),
numbers AS (
    SELECT fact_id, system, order_id, transaction_id, gross, regexp_extract(order_id, '([0-9]+)$', 1) AS tail FROM shop
),
named AS (
    SELECT fact_id, min(by_fact) AS by_fact FROM (
        SELECT p.fact_id, s.fact_id AS by_fact FROM payments p JOIN numbers s ON p.system = s.system AND p.order_id = s.order_id
        UNION ALL
        SELECT p.fact_id, s.fact_id FROM payments p JOIN numbers s ON p.order_id = s.transaction_id
        UNION ALL
        SELECT p.fact_id, s.fact_id FROM payments p JOIN numbers s ON p.transaction_id = s.transaction_id
        UNION ALL
        SELECT p.fact_id, s.fact_id FROM payments p
        JOIN numbers s ON regexp_extract(p.invoice, '([0-9]+)$', 1) = s.tail AND p.gross = s.gross WHERE s.tail <> ''
    )
    GROUP BY 1
),
alike AS (
    SELECT p.fact_id, s.fact_id AS by_fact,
           row_number() OVER (PARTITION BY p.fact_id ORDER BY abs(date_diff('second', p.occurred_at, s.occurred_at)), s.fact_id) AS choice,
           row_number() OVER (PARTITION BY s.fact_id ORDER BY abs(date_diff('second', p.occurred_at, s.occurred_at)), p.fact_id) AS rival
    FROM payments p JOIN shop s
      ON p.email = s.email AND p.gross = s.gross AND p.currency IS NOT DISTINCT FROM s.currency AND abs(date_diff('day', p.day, s.day)) <= 1
    WHERE p.fact_id NOT IN (SELECT fact_id FROM named) AND s.fact_id NOT IN (SELECT by_fact FROM named)
)
SELECT fact_id, 'payments of orders that the shop''s export tells of' AS why, by_fact
FROM (SELECT fact_id, by_fact FROM named UNION ALL SELECT fact_id, by_fact FROM alike WHERE choice = 1 AND rival = 1)
