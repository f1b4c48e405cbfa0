-- What was given back, and when.
WITH refunds AS (
    SELECT doc, unnest((doc->'$.refunds')::JSON[]) AS refund FROM {orders} WHERE json_array_length(doc->'$.refunds') > 0
)
SELECT (refund->>'$.id') AS "WooCommerce Refund",
       (doc->>'$.number') AS "WooCommerce Order",
       (refund->>'$.date_created_gmt') || 'Z' AS "Refund Date",
       abs(coalesce(refund->>'$.amount', (refund->>'$.total'))::DECIMAL(18, 4))::VARCHAR AS "Refund Amount",
       (doc->>'$.currency') AS "Currency"
FROM refunds
ORDER BY "Refund Date", "WooCommerce Refund"
