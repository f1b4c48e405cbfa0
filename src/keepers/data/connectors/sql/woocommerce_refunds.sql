-- What was given back, and when; what of it is tax and revenue, where the shop says which articles came back.
WITH refunds AS (
    SELECT doc, unnest((doc->'$.refunds')::JSON[]) AS refund FROM {orders} WHERE json_array_length(doc->'$.refunds') > 0
),
amounts AS (
    SELECT *, abs(coalesce(refund->>'$.amount', (refund->>'$.total'))::DECIMAL(18, 4)) AS amount,
           list_concat(coalesce((refund->'$.line_items')::JSON[], []), coalesce((refund->'$.fee_lines')::JSON[], [])) AS lines,
           coalesce((refund->'$.shipping_lines')::JSON[], []) AS postage
    FROM refunds
),
told AS (
    SELECT *, abs(list_sum(list_transform(list_concat(lines, postage), lambda l: coalesce((l->>'$.total_tax')::DECIMAL(18, 4), 0)))) AS tax,
           abs(coalesce(list_sum(list_transform(postage, lambda l: coalesce((l->>'$.total')::DECIMAL(18, 4), 0))), 0)) AS shipping,
           abs(list_sum(list_transform(list_concat(lines, postage), lambda l: coalesce((l->>'$.total')::DECIMAL(18, 4), 0)))) > 0 AS itemised
    FROM amounts
)
SELECT (refund->>'$.id') AS "WooCommerce Refund",
       (doc->>'$.number') AS "WooCommerce Order",
       (refund->>'$.date_created_gmt') || 'Z' AS "Refund Date",
       amount::VARCHAR AS "Refund Amount",
       CASE WHEN itemised THEN greatest(amount - tax - shipping, 0)::VARCHAR END AS "Net Refund Amount",
       CASE WHEN itemised THEN tax::VARCHAR END AS "Refund Tax",
       (doc->>'$.currency') AS "Currency"
FROM told
ORDER BY "Refund Date", "WooCommerce Refund"
