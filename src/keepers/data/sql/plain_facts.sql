-- A clean table's rows as facts, for the account.
SELECT 0 AS source_no, _row AS row_number, customer_key, day, {currency} AS currency,
       CASE WHEN {unknown} THEN 'unknown customer' ELSE 'counted' END AS destination, NULL::VARCHAR AS missing,
       {amount} AS gross, {amount} AS amount, NULL::DECIMAL(18, 4) AS tax, NULL::DECIMAL(18, 4) AS shipping,
       NULL::DECIMAL(18, 4) AS fees, 'sale' AS kind, 'paid' AS state
FROM {plain}
