-- Refunds that name their order, and what orders' own rows say was given back beyond them; never more than was paid.
INSERT INTO {parts}
WITH sales AS (
    SELECT fact_id, order_id, transaction_id, system, amount, gross, refunded, refunded_on, day, occurred_at, last_day
    FROM {facts} WHERE kind = 'sale' AND state = 'paid'
),
by_id AS (
    SELECT system, id, min(fact_id) AS fact_id
    FROM (SELECT system, order_id AS id, fact_id FROM sales WHERE order_id IS NOT NULL
          UNION ALL SELECT system, transaction_id, fact_id FROM sales WHERE transaction_id IS NOT NULL)
    GROUP BY system, id
),
own_rows AS (
    SELECT r.fact_id AS refund_fact, s.fact_id AS order_fact, greatest(r.day, s.day) AS day, greatest(r.occurred_at, s.occurred_at) AS occurred_at,
           abs(coalesce(r.amount, r.gross)) AS given, abs(coalesce(r.gross, r.amount)) AS given_gross, true AS dated
    FROM {facts} r
    JOIN by_id b ON b.id = coalesce(r.reference, CASE WHEN r.same_order THEN r.order_id END) AND b.system = r.system
    JOIN sales s ON s.fact_id = b.fact_id
    WHERE r.kind = 'refund' AND r.state = 'paid'
),
said AS (
    SELECT s.fact_id AS refund_fact, s.fact_id AS order_fact, coalesce(s.refunded_on, s.last_day) AS day,
           CASE WHEN coalesce(s.refunded_on, s.last_day) = s.day THEN s.occurred_at ELSE coalesce(s.refunded_on, s.last_day)::TIMESTAMP END AS occurred_at,
           s.refunded - coalesce(o.given_gross, 0) AS given, s.refunded - coalesce(o.given_gross, 0) AS given_gross,
           s.refunded_on IS NOT NULL AS dated
    FROM sales s LEFT JOIN (SELECT order_fact, sum(given_gross) AS given_gross FROM own_rows GROUP BY 1) o ON o.order_fact = s.fact_id
    WHERE s.refunded - coalesce(o.given_gross, 0) > 0
),
every AS (SELECT * FROM own_rows UNION ALL SELECT * FROM said),
running AS (
    SELECT e.*, s.amount AS paid, s.gross,
           coalesce(sum(given) OVER w, 0) AS before, coalesce(sum(given_gross) OVER w, 0) AS before_gross
    FROM every e JOIN sales s ON s.fact_id = e.order_fact
    WINDOW w AS (PARTITION BY order_fact ORDER BY e.day, e.refund_fact ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT refund_fact, order_fact, day, occurred_at,
       CASE WHEN before_gross + given_gross >= gross THEN greatest(paid - before, 0)
            ELSE greatest(least(given, paid - before), 0) END AS amount,
       dated, 'named' AS how
FROM running
