-- Square's transactions export: a row an order that was paid, and a row a refund, with the order's number.
WITH kept AS (
    SELECT key, doc,
           CASE WHEN (doc->>'$.total_money.currency') IN ('BIF','CLP','DJF','GNF','JPY','KMF','KRW','MGA','PYG','RWF','VND','VUV','XAF','XOF','XPF') THEN 1
                WHEN (doc->>'$.total_money.currency') IN ('BHD','JOD','KWD','OMR','TND') THEN 1000 ELSE 100 END AS unit
    FROM {orders}
),
sold AS (
    SELECT *, coalesce((doc->>'$.total_money.amount')::BIGINT, 0) AS total, coalesce((doc->>'$.total_tax_money.amount')::BIGINT, 0) AS tax,
           coalesce((doc->>'$.total_tip_money.amount')::BIGINT, 0) AS tip, coalesce((doc->>'$.total_service_charge_money.amount')::BIGINT, 0) AS charges,
           coalesce((doc->>'$.total_discount_money.amount')::BIGINT, 0) AS discount, (doc->'$.line_items')::JSON[] AS lines,
           coalesce(list_sum(list_transform(list_filter((doc->'$.line_items')::JSON[], lambda l: (l->>'$.item_type') = 'GIFT_CARD'),
                                            lambda l: coalesce((l->>'$.total_money.amount')::BIGINT, 0))), 0) AS cards
    FROM kept
    WHERE json_array_length(doc->'$.line_items') > 0 AND coalesce(doc->>'$.state', 'COMPLETED') = 'COMPLETED'
),
tenders AS (
    SELECT key, unit, doc, unnest((doc->'$.tenders')::JSON[]) AS tender FROM kept WHERE json_array_length(doc->'$.tenders') > 0
),
paid AS (
    SELECT coalesce(tender->>'$.payment_id', (tender->>'$.id')) AS payment, any_value(key) AS sale, any_value(unit) AS unit,
           any_value(coalesce(doc->>'$.customer_id', (tender->>'$.customer_id'))) AS customer
    FROM tenders GROUP BY 1
),
back AS (
    SELECT r.key, r.doc, p.sale, p.customer, coalesce(p.unit, 100) AS unit, (r.doc->>'$.amount_money.amount')::BIGINT AS amount, k.doc AS returned
    FROM {refunds} r JOIN paid p ON p.payment = (r.doc->>'$.payment_id') LEFT JOIN kept k ON k.key = (r.doc->>'$.order_id')
    WHERE (r.doc->>'$.status') = 'COMPLETED'
),
-- What of a refund is tax, tip and charges, where the order of what came back says it.
told AS (
    SELECT *, (returned->>'$.return_amounts.total_money.amount')::BIGINT = amount AS itemised,
           coalesce((returned->>'$.return_amounts.tax_money.amount')::BIGINT, 0) AS tax, coalesce((returned->>'$.return_amounts.tip_money.amount')::BIGINT, 0) AS tip,
           coalesce((returned->>'$.return_amounts.service_charge_money.amount')::BIGINT, 0) AS charges
    FROM back
),
laid_out AS (
    SELECT coalesce(doc->>'$.closed_at', (doc->>'$.created_at'))::TIMESTAMPTZ AS moment, 'Payment' AS event, key AS sale,
           coalesce(doc->>'$.tenders[0].payment_id', (doc->>'$.tenders[0].id')) AS payment, unit, total, tax, tip,
           total - tax - tip - charges - cards AS net, -discount AS discount,
           coalesce(doc->>'$.customer_id', (doc->>'$.tenders[0].customer_id')) AS customer, (doc->>'$.total_money.currency') AS currency,
           array_to_string(list_transform(lines, lambda l: concat_ws(' x ', (l->>'$.name'), (l->>'$.quantity'))), ', ') AS description,
           (doc->>'$.source.name') AS source
    FROM sold
    UNION ALL
    SELECT (doc->>'$.created_at')::TIMESTAMPTZ, 'Refund', sale, key, unit, -amount, CASE WHEN itemised THEN -tax END,
           CASE WHEN itemised THEN -tip END, CASE WHEN itemised THEN -(amount - tax - tip - charges) END, NULL, customer,
           (doc->>'$.amount_money.currency'), (doc->>'$.reason'), NULL
    FROM told
)
SELECT strftime(moment AT TIME ZONE 'UTC', '%Y-%m-%d') AS "Date",
       strftime(moment AT TIME ZONE 'UTC', '%H:%M:%S') AS "Time",
       'UTC' AS "Time Zone",
       event AS "Event Type",
       sale AS "Transaction ID",
       payment AS "Payment ID",
       (net / unit)::DECIMAL(18, 3)::VARCHAR AS "Net Sales",
       (discount / unit)::DECIMAL(18, 3)::VARCHAR AS "Discounts",
       (tax / unit)::DECIMAL(18, 3)::VARCHAR AS "Tax",
       (tip / unit)::DECIMAL(18, 3)::VARCHAR AS "Tip",
       (total / unit)::DECIMAL(18, 3)::VARCHAR AS "Total Collected",
       currency AS "Currency",
       description AS "Description",
       source AS "Source",
       customer AS "Customer ID"
FROM laid_out
ORDER BY moment, event, sale, payment
