-- Stripe's payments export: charges as they are now, and invoices that were paid elsewhere, which have no charge.
WITH seen AS (
    SELECT key AS id, doc, 0 AS age FROM {charges}
    UNION ALL
    -- As refunds and disputes brought them, which is later than the list of charges was read.
    SELECT (doc->>'$.charge.id'), (doc->'$.charge'), 1 + coalesce((doc->>'$.created')::DOUBLE, 0) FROM {refunds}
    UNION ALL
    SELECT (doc->>'$.charge.id'), (doc->'$.charge'), 1 + coalesce((doc->>'$.created')::DOUBLE, 0) FROM {disputes}
),
charges AS (
    -- What was refunded only grows: of several sights of a charge the one with most of it is the newest.
    SELECT id, doc FROM seen WHERE id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY coalesce((doc->>'$.amount_refunded')::BIGINT, 0) DESC, age DESC) = 1
),
lost AS (
    SELECT (doc->>'$.charge.id') AS id, sum((doc->>'$.amount')::BIGINT) AS amount, min((doc->>'$.created')::BIGINT) AS created,
           bool_or(doc->>'$.status' = 'lost') AS lost
    FROM {disputes} GROUP BY 1
),
back AS (
    SELECT (doc->>'$.charge.id') AS id, max((doc->>'$.created')::BIGINT) AS created
    FROM {refunds} WHERE coalesce(doc->>'$.status', 'succeeded') = 'succeeded' GROUP BY 1
),
payments AS (
    SELECT c.id AS "id", ((c.doc->>'$.created'))::BIGINT AS created, ((c.doc->>'$.amount'))::BIGINT AS amount,
           ((c.doc->>'$.amount_refunded'))::BIGINT AS refunded,
           coalesce(b.created, CASE WHEN l.lost THEN l.created END) AS refunded_at, upper((c.doc->>'$.currency')) AS currency,
           CASE WHEN (c.doc->>'$.status') = 'failed' THEN 'Failed'
                WHEN (c.doc->>'$.status') = 'pending' THEN 'Pending'
                WHEN (c.doc->>'$.captured') = 'false' THEN 'Uncaptured'
                WHEN (c.doc->>'$.refunded') = 'true' THEN 'Refunded' ELSE 'Paid' END AS status,
           coalesce((c.doc->>'$.customer.id'), (c.doc->>'$.customer')) AS customer,
           coalesce((c.doc->>'$.billing_details.email'), (c.doc->>'$.receipt_email')) AS email, (c.doc->>'$.billing_details.name') AS name,
           (c.doc->>'$.description') AS description, (c.doc->>'$.payment_intent') AS intent, (c.doc->>'$.invoice') AS invoice,
           (c.doc->>'$.payment_method_details.card.country') AS country, (c.doc->>'$.livemode') AS live,
           l.amount AS disputed, l.lost
    FROM charges c LEFT JOIN lost l ON c.id = l.id LEFT JOIN back b ON c.id = b.id
    UNION ALL
    SELECT key, coalesce((doc->>'$.status_transitions.paid_at')::BIGINT, (doc->>'$.created')::BIGINT), (doc->>'$.amount_paid')::BIGINT,
           0, NULL, upper(doc->>'$.currency'), 'Paid', coalesce(doc->>'$.customer.id', (doc->>'$.customer')), (doc->>'$.customer_email'),
           (doc->>'$.customer_name'), (doc->>'$.description'), NULL, key, (doc->>'$.customer_address.country'), (doc->>'$.livemode'), NULL, NULL
    FROM {invoices}
    WHERE (doc->>'$.paid_out_of_band') = 'true' AND (doc->>'$.amount_paid')::BIGINT > 0 AND (doc->>'$.charge') IS NULL
),
-- Amounts are in the smallest unit of a currency, which is not a hundredth in all of them.
scaled AS (
    SELECT *, CASE WHEN currency IN ('BIF','CLP','DJF','GNF','JPY','KMF','KRW','MGA','PYG','RWF','VND','VUV','XAF','XOF','XPF') THEN 1
                   WHEN currency IN ('BHD','JOD','KWD','OMR','TND') THEN 1000 ELSE 100 END AS unit
    FROM payments
)
SELECT id AS "id",
       strftime(make_timestamp(created * 1000000), '%Y-%m-%d %H:%M:%S') AS "Created date (UTC)",
       (amount / unit)::DECIMAL(18, 3)::VARCHAR AS "Amount",
       (refunded / unit)::DECIMAL(18, 3)::VARCHAR AS "Amount Refunded",
       strftime(make_timestamp(refunded_at * 1000000), '%Y-%m-%d %H:%M:%S') AS "Refunded date (UTC)",
       lower(currency) AS "Currency",
       (disputed / unit)::DECIMAL(18, 3)::VARCHAR AS "Disputed Amount",
       CASE WHEN lost THEN 'lost' WHEN disputed IS NOT NULL THEN 'open' END AS "Dispute Status",
       status AS "Status",
       CASE WHEN live = 'false' THEN 'Test' ELSE 'Live' END AS "Mode",
       description AS "Description",
       customer AS "Customer ID", email AS "Customer Email", name AS "Customer Name",
       intent AS "PaymentIntent ID", invoice AS "Invoice ID", country AS "Card Issue Country"
FROM scaled
ORDER BY created, id
