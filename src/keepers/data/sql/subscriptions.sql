-- Contracts.
SELECT md5(concat_ws('|', system, coalesce(subscription_id, _row::VARCHAR))) AS event_id, source_name AS source, subscription_id AS source_id,
       coalesce(created_at_utc, started_on_utc) AS occurred_at, {received_at}::TIMESTAMP AS received_at, customer_key,
       coalesce(created_at, started_on) AS day, coalesce(subscription_id, 'row ' || _row) AS subscription_id, plan,
       CASE
           WHEN lower(status) IN ('trialing', 'trial') THEN 'trial'
           WHEN lower(status) IN ('active') THEN 'active'
           WHEN lower(status) IN ('past_due', 'past due', 'unpaid', 'incomplete') THEN 'past_due'
           WHEN lower(status) IN ('paused') THEN 'paused'
           WHEN lower(status) IN ('canceled', 'cancelled', 'incomplete_expired', 'ended') OR ended_on IS NOT NULL THEN 'cancelled'
           ELSE 'active'
       END AS status,
       coalesce(started_on, created_at) AS started_on, trial_ends_on,
       coalesce(ended_on, CASE WHEN lower(status) IN ('canceled', 'cancelled', 'incomplete_expired', 'ended') THEN cancelled_at END) AS ended_on,
       lower(interval) AS interval, quantity, amount, coalesce(currency, {currency}, 'unspecified') AS currency, cancellation_reason
FROM {keyed}
WHERE problem IS NULL AND coalesce(created_at, started_on) IS NOT NULL
