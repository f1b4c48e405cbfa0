-- Facts that another one replaces: the same order in a newer export, the same row in another file, the same row twice,
-- and payments of orders that the shop's own export tells of.
CREATE OR REPLACE TABLE {superseded} AS
WITH usable AS (SELECT * FROM {facts} WHERE missing IS NULL AND kind <> 'other'),
newest AS (
    SELECT fact_id, source_no, first_value(source_no) OVER w AS best, first_value(fact_id) OVER w AS best_fact
    FROM usable WHERE numbered
    WINDOW w AS (PARTITION BY system, payments, kind, order_id ORDER BY last_day DESC, source_no DESC, fact_id)
),
older AS (
    SELECT fact_id, 'the same order in a newer file' AS why, best_fact AS by_fact FROM newest WHERE source_no <> best
),
copies AS (
    SELECT fact_id, first_value(fact_id) OVER w AS first_fact, row_number() OVER w AS copy
    FROM usable WHERE NOT numbered
    WINDOW w AS (PARTITION BY system, content, occurrence ORDER BY source_no)
),
repeated AS (
    SELECT fact_id, 'the same row in another file' AS why, first_fact AS by_fact FROM copies WHERE copy > 1
),
twins AS (
    SELECT fact_id, occurrence, line_count, first_value(fact_id) OVER (PARTITION BY source_no, content ORDER BY occurrence) AS first_fact
    FROM usable WHERE numbered
),
twice AS (
    SELECT fact_id, 'the same row twice in one file' AS why, first_fact AS by_fact FROM twins WHERE occurrence > 1 AND line_count = 1
),
payments AS (
    SELECT * FROM usable WHERE payments AND kind = 'sale' AND state = 'paid' AND fact_id NOT IN (SELECT fact_id FROM older)
),
shop AS (SELECT * FROM usable WHERE NOT payments AND kind = 'sale' AND fact_id NOT IN (SELECT fact_id FROM older)),
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
),
paid AS (
    SELECT fact_id, 'payments of orders that the shop''s export tells of' AS why, by_fact
    FROM (SELECT fact_id, by_fact FROM named UNION ALL SELECT fact_id, by_fact FROM alike WHERE choice = 1 AND rival = 1)
)
SELECT fact_id, any_value(why) AS why, min(by_fact) AS by_fact
FROM (SELECT * FROM older UNION ALL SELECT * FROM repeated UNION ALL SELECT * FROM twice UNION ALL SELECT * FROM paid)
GROUP BY fact_id
