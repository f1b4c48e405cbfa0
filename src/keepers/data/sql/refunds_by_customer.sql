-- What is left of a refund: to the customer's latest earlier order with as much left, one of the same amount first.
INSERT INTO {parts}
WITH used AS (SELECT refund_fact, sum(amount) AS amount, bool_or(how = 'named') AS named FROM {parts} GROUP BY 1),
taken AS (SELECT order_fact, sum(amount) AS amount FROM {parts} WHERE order_fact IS NOT NULL GROUP BY 1),
open_refunds AS (
    SELECT r.fact_id AS refund_fact, r.customer_key, r.currency, r.day, r.occurred_at,
           abs(coalesce(r.amount, r.gross)) - coalesce(u.amount, 0) AS given
    FROM {facts} r LEFT JOIN used u ON u.refund_fact = r.fact_id
    WHERE r.kind = 'refund' AND r.state = 'paid' AND r.customer_key IS NOT NULL AND NOT coalesce(u.named, false)
      AND abs(coalesce(r.amount, r.gross)) > coalesce(u.amount, 0)
),
open_orders AS (
    SELECT o.fact_id AS order_fact, o.customer_key, o.currency, o.occurred_at, o.amount, o.amount - coalesce(t.amount, 0) AS remaining
    FROM {facts} o LEFT JOIN taken t ON t.order_fact = o.fact_id
    WHERE o.kind = 'sale' AND o.state = 'paid' AND o.amount > coalesce(t.amount, 0)
      AND o.customer_key IN (SELECT customer_key FROM open_refunds)
),
ranked AS (
    SELECT r.*, o.order_fact, o.remaining,
           row_number() OVER (PARTITION BY r.refund_fact ORDER BY o.amount = r.given DESC, o.remaining >= r.given DESC, o.occurred_at DESC, o.order_fact DESC) AS choice
    FROM open_refunds r JOIN open_orders o
      ON o.customer_key = r.customer_key AND o.currency IS NOT DISTINCT FROM r.currency AND o.occurred_at <= r.occurred_at
),
chosen AS (
    SELECT *, coalesce(sum(given) OVER (PARTITION BY order_fact ORDER BY occurred_at, refund_fact ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM ranked WHERE choice = 1
)
SELECT refund_fact, order_fact, day, occurred_at, least(given, remaining - before), true, 'customer'
FROM chosen WHERE remaining > before
