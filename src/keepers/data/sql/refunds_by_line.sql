-- Returned articles: the customer's latest earlier line of the same article that had as many pieces, at its price if possible.
INSERT INTO {parts}
WITH open_refunds AS (
    SELECT fact_id, customer_key, day, occurred_at FROM {facts}
    WHERE kind = 'refund' AND state = 'paid' AND customer_key IS NOT NULL AND reference IS NULL
      AND fact_id NOT IN (SELECT refund_fact FROM {parts})
),
returned AS (
    SELECT row_number() OVER () AS line_no, r.fact_id AS refund_fact, r.customer_key, r.day, r.occurred_at, l.sku,
           abs(l.quantity) AS pieces, l.unit_price, -l.line_total AS given
    FROM {lines} l JOIN open_refunds r USING (fact_id)
    WHERE l.line_class = 'product' AND l.line_total < 0 AND l.sku IS NOT NULL
),
sold AS (
    SELECT l.fact_id AS order_fact, l._row AS sold_row, o.customer_key, o.occurred_at, l.sku, l.quantity AS pieces, l.unit_price, l.line_total
    FROM {lines} l JOIN {facts} o USING (fact_id)
    WHERE o.kind = 'sale' AND o.state = 'paid' AND l.line_class = 'product' AND l.line_total > 0
      AND o.customer_key IN (SELECT customer_key FROM open_refunds)
),
ranked AS (
    SELECT r.*, s.order_fact, s.sold_row, s.line_total,
           row_number() OVER (PARTITION BY r.line_no ORDER BY s.pieces >= r.pieces DESC, s.unit_price = r.unit_price DESC, s.occurred_at DESC, s.sold_row DESC) AS choice
    FROM returned r JOIN sold s ON s.customer_key = r.customer_key AND s.sku = r.sku AND s.occurred_at <= r.occurred_at
),
chosen AS (
    SELECT *, coalesce(sum(given) OVER (PARTITION BY sold_row ORDER BY occurred_at, line_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM ranked WHERE choice = 1
),
capped AS (
    SELECT refund_fact, order_fact, day, occurred_at, greatest(least(given, line_total - before), 0) AS amount FROM chosen
)
SELECT refund_fact, order_fact, any_value(day), any_value(occurred_at), sum(amount), true, 'line'
FROM capped WHERE amount > 0 GROUP BY refund_fact, order_fact
