-- Refunds that name their order, and what orders' own rows say was given back beyond them; never more than was paid.
-- Where a refund does not say what of it is tax, as much of it is as of the order's charge. What a payment service tells of
-- an order's refunds does not count again where the order's own system tells of them.
INSERT INTO {parts}
WITH sales AS (
    SELECT fact_id, order_id, transaction_id, system, refund_whole, amount, gross, refunded, refunded_on, day, occurred_at, last_day,
           CASE WHEN tax > 0 AND gross > tax AND gross <> amount + coalesce(shipping, 0) THEN ((gross - tax) / gross)::DOUBLE ELSE 1 END AS untaxed
    FROM {facts} WHERE kind = 'sale' AND state = 'paid'
),
by_id AS (
    SELECT system, id, min(fact_id) AS fact_id
    FROM (SELECT system, order_id AS id, coalesce(by_fact, fact_id) AS fact_id FROM {every} WHERE kind = 'sale' AND numbered
          UNION ALL
          SELECT system, transaction_id, coalesce(by_fact, fact_id) FROM {every} WHERE kind = 'sale' AND transaction_id IS NOT NULL)
    GROUP BY system, id
),
replaced AS (
    SELECT by_fact AS fact_id, max(refunded) AS refunded, max(refunded_on) AS refunded_on
    FROM {every} WHERE by_fact IS NOT NULL AND payments AND kind = 'sale' AND refunded > 0 GROUP BY by_fact
),
own_rows AS (
    SELECT r.fact_id AS refund_fact, s.fact_id AS order_fact, greatest(r.day, s.day) AS day, greatest(r.occurred_at, s.occurred_at) AS occurred_at,
           CASE WHEN r.refund_whole OR r.tax IS NOT NULL OR abs(r.amount) <> abs(r.gross) OR coalesce(r.amount, r.gross) IS NULL THEN abs(coalesce(r.amount, r.gross, s.amount))
                ELSE (abs(coalesce(r.amount, r.gross)) * s.untaxed)::DECIMAL(18, 4) END AS given,
           abs(coalesce(r.gross, r.amount, s.gross, s.amount)) AS given_gross, true AS dated,
           r.system <> s.system AND bool_or(r.system = s.system) OVER (PARTITION BY s.fact_id) AS again
    FROM {facts} r
    JOIN by_id b ON b.id = coalesce(r.reference, CASE WHEN r.same_order THEN r.order_id END) AND b.system = r.system
    JOIN sales s ON s.fact_id = b.fact_id
    WHERE r.kind = 'refund' AND r.state = 'paid'
),
said AS (
    SELECT fact_id AS refund_fact, fact_id AS order_fact, coalesce(back_on, last_day) AS day,
           CASE WHEN coalesce(back_on, last_day) = day THEN occurred_at ELSE coalesce(back_on, last_day)::TIMESTAMP END AS occurred_at,
           ((back - given_gross) * CASE WHEN refund_whole AND refunded > 0 THEN 1 ELSE untaxed END)::DECIMAL(18, 4) AS given, back - given_gross AS given_gross, back_on IS NOT NULL AS dated, false AS again
    FROM (
        SELECT s.*, coalesce(nullif(s.refunded, 0), p.refunded) AS back, coalesce(s.refunded_on, p.refunded_on) AS back_on,
               coalesce(o.given_gross, 0) AS given_gross
        FROM sales s
        LEFT JOIN replaced p USING (fact_id)
        LEFT JOIN (SELECT order_fact, sum(given_gross) AS given_gross FROM own_rows WHERE NOT again GROUP BY 1) o ON o.order_fact = s.fact_id
    )
    WHERE back > given_gross
),
together AS (
    SELECT * REPLACE (CASE WHEN again THEN 0 ELSE given END AS given, CASE WHEN again THEN 0 ELSE given_gross END AS given_gross) FROM own_rows
    UNION ALL
    SELECT * FROM said
),
running AS (
    SELECT e.*, s.amount AS paid, s.gross,
           coalesce(sum(given) OVER w, 0) AS before, coalesce(sum(given_gross) OVER w, 0) AS before_gross
    FROM together e JOIN sales s ON s.fact_id = e.order_fact
    WINDOW w AS (PARTITION BY order_fact ORDER BY e.day, e.refund_fact ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT refund_fact, order_fact, day, occurred_at,
       CASE WHEN again THEN 0
            WHEN before_gross + given_gross >= gross THEN greatest(paid - before, 0)
            ELSE greatest(least(given, paid - before), 0) END AS amount,
       dated, 'named' AS how
FROM running
