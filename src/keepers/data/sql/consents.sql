-- Consents as lists of customers say they stand, known from the day they were read on, and when they were withdrawn.
SELECT customer_key, purpose, granted, happened_at AS occurred_at FROM (
    SELECT customer_key, 'email' AS purpose, accepts_marketing AS granted, CASE WHEN {dated} THEN coalesce(created_at_utc, {received_at}::TIMESTAMP) ELSE {received_at}::TIMESTAMP END AS happened_at
    FROM {keyed} WHERE accepts_marketing IS NOT NULL
    UNION ALL
    SELECT customer_key, 'sms', accepts_sms, {received_at}::TIMESTAMP FROM {keyed} WHERE accepts_sms IS NOT NULL
    UNION ALL
    SELECT customer_key, 'email', false, unsubscribed_at_utc FROM {keyed} WHERE unsubscribed_at IS NOT NULL
)
WHERE customer_key IS NOT NULL
