-- Contracts as they were known at the cut, those that follow each other within the grace made one spell of a customer.
WITH known AS (
    SELECT
        customer_key,
        CAST(subscription_id AS VARCHAR) AS subscription_id,
        coalesce(CAST(plan AS VARCHAR), 'unnamed') AS plan,
        CASE WHEN ended_on > {cut} THEN 'active' ELSE coalesce(status, 'active') END AS status,
        greatest(started_on, coalesce(trial_ends_on + 1, started_on)) AS paid_from,
        CASE WHEN ended_on <= {cut} THEN ended_on END AS ended_on,
        lower(cancellation_reason) AS reason,
        CAST(amount AS DOUBLE) * coalesce(quantity, 1) / {months_of_interval} AS mrr
    FROM {subscriptions}
    WHERE customer_key IS NOT NULL AND started_on <= {cut}
),
paid AS (
    SELECT *, coalesce(ended_on, DATE '9999-12-31') AS until
    FROM known
    WHERE paid_from <= {cut} AND (ended_on IS NULL OR ended_on > paid_from)
        AND NOT (status = 'trial' AND ended_on IS NULL)
),
followed AS (
    SELECT
        *,
        max(until) OVER (
            PARTITION BY customer_key ORDER BY paid_from, until, subscription_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS ended_before,
        lag(mrr) OVER (PARTITION BY customer_key ORDER BY paid_from, until, subscription_id) AS mrr_before
    FROM paid
),
numbered AS (
    SELECT
        *,
        paid_from > ended_before + {grace} AS returns,
        sum(CASE WHEN ended_before IS NULL OR paid_from > ended_before + {grace} THEN 1 ELSE 0 END) OVER (
            PARTITION BY customer_key ORDER BY paid_from, until, subscription_id
        ) AS spell
    FROM followed
)
SELECT
    *,
    row_number() OVER (PARTITION BY customer_key, spell ORDER BY until DESC, paid_from DESC, subscription_id DESC) AS from_last
FROM numbered
