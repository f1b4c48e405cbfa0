-- Stripe's subscriptions export: the first item of a contract says its plan, as there.
WITH contracts AS (
    SELECT key, doc, (doc->'$.items.data[0]') AS item,
           CASE WHEN upper(doc->>'$.currency') IN ('BIF','CLP','DJF','GNF','JPY','KMF','KRW','MGA','PYG','RWF','VND','VUV','XAF','XOF','XPF') THEN 1
                WHEN upper(doc->>'$.currency') IN ('BHD','JOD','KWD','OMR','TND') THEN 1000 ELSE 100 END AS unit
    FROM {subscriptions}
    WHERE coalesce(doc->>'$.livemode', 'true') = 'true'
)
SELECT key AS "id",
       coalesce(doc->>'$.customer.id', (doc->>'$.customer')) AS "Customer ID",
       coalesce(item->>'$.price.nickname', (item->>'$.plan.nickname'), (item->>'$.price.id'), (item->>'$.plan.id')) AS "Plan",
       coalesce(item->>'$.price.product', (item->>'$.plan.product')) AS "Product",
       (item->>'$.quantity') AS "Quantity",
       coalesce(item->>'$.price.recurring.interval', (item->>'$.plan.interval')) AS "Interval",
       (coalesce((item->>'$.price.unit_amount')::BIGINT, (item->>'$.plan.amount')::BIGINT) / unit)::DECIMAL(18, 3)::VARCHAR AS "Amount",
       lower(doc->>'$.currency') AS "Currency",
       (doc->>'$.status') AS "Status",
       (doc->>'$.cancellation_details.reason') AS "Cancellation Reason",
       strftime(make_timestamp((doc->>'$.created')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Created (UTC)",
       strftime(make_timestamp((doc->>'$.start_date')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Start Date (UTC)",
       strftime(make_timestamp(coalesce((doc->>'$.current_period_end')::BIGINT, (item->>'$.current_period_end')::BIGINT) * 1000000), '%Y-%m-%d %H:%M:%S') AS "Current Period End (UTC)",
       strftime(make_timestamp((doc->>'$.trial_end')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Trial End (UTC)",
       strftime(make_timestamp((doc->>'$.canceled_at')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Canceled At (UTC)",
       strftime(make_timestamp((doc->>'$.ended_at')::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S') AS "Ended At (UTC)"
FROM contracts
ORDER BY "Created (UTC)", key
