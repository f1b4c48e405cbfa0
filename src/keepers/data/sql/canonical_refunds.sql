-- The canonical refunds: each event with its order, in revenue of that order.
SELECT md5(concat_ws('|', {content}, p.how, p.order_fact, row_number() OVER (PARTITION BY p.refund_fact ORDER BY p.order_fact, p.day))) AS event_id,
       r.source, CASE WHEN r.numbered THEN r.order_id END AS source_id, p.occurred_at, {received_at}::TIMESTAMP AS received_at,
       coalesce(o.customer_key, r.customer_key) AS customer_key, p.day, o.shown_id AS order_id, p.amount,
       coalesce(o.currency, r.currency, 'unspecified') AS currency,
       CASE WHEN NOT p.dated THEN 'day of the refund unknown: counted from the last day of the file' END AS reason,
       CASE WHEN r.kind = 'refund' THEN coalesce(r.reference, CASE WHEN r.same_order THEN r.order_id END) END AS names_order,
       p.refund_fact = p.order_fact AS restates,
       CASE WHEN r.kind = 'refund' AND p.how IN ('named', 'unmatched') THEN abs(coalesce(r.amount, r.gross)) END AS told
FROM {parts} p JOIN {facts} r ON r.fact_id = p.refund_fact LEFT JOIN {facts} o ON o.fact_id = p.order_fact
WHERE p.amount > 0
