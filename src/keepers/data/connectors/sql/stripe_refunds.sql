-- What was given back or lost in disputes, each on its own day: a charge knows their sum alone.
WITH told AS (
    SELECT key, doc, (doc->'$.charge') AS charge FROM {refunds} WHERE coalesce(doc->>'$.status', 'succeeded') NOT IN ('failed', 'canceled')
    UNION ALL
    SELECT key, doc, (doc->'$.charge') FROM {disputes} WHERE (doc->>'$.status') = 'lost'
),
scaled AS (
    SELECT *, upper(coalesce(doc->>'$.currency', (charge->>'$.currency'))) AS currency,
           CASE WHEN currency IN ('BIF','CLP','DJF','GNF','JPY','KMF','KRW','MGA','PYG','RWF','VND','VUV','XAF','XOF','XPF') THEN 1
                WHEN currency IN ('BHD','JOD','KWD','OMR','TND') THEN 1000 ELSE 100 END AS unit
    FROM told
    -- Payments of tests do not count, nor do their refunds.
    WHERE coalesce(charge->>'$.livemode', 'true') = 'true' AND (charge->>'$.id') IS NOT NULL
)
SELECT key AS "Stripe Refund",
       (charge->>'$.id') AS "Stripe Charge",
       strftime(make_timestamp((doc->>'$.created')::BIGINT * 1000000), '%Y-%m-%dT%H:%M:%SZ') AS "Refund Date",
       ((doc->>'$.amount')::BIGINT / unit)::DECIMAL(18, 3)::VARCHAR AS "Refund Amount",
       currency AS "Currency"
FROM scaled
WHERE (doc->>'$.amount')::BIGINT > 0
ORDER BY "Refund Date", key
