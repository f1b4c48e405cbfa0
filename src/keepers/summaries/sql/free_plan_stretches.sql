-- Stretches of time that subscribers were on a plan that costs nothing, and the plan that they moved to after each.
WITH contract AS (
    SELECT * FROM {spells} WHERE hash(customer_key) % {every} = 0
),
beside AS (
    SELECT
        free.customer_key, free.spell, free.plan, free.paid_from, free.until,
        other.paid_from AS moved_on, other.plan AS target,
        row_number() OVER (
            PARTITION BY free.customer_key, free.spell, free.plan, free.paid_from, free.subscription_id
            ORDER BY other.paid_from, other.mrr DESC, other.subscription_id
        ) AS place
    FROM contract AS free LEFT JOIN contract AS other
        ON other.customer_key = free.customer_key AND other.spell = free.spell AND other.plan <> free.plan
        AND other.paid_from > free.paid_from
    WHERE free.plan IN ({free})
)
SELECT customer_key, spell, plan, min(paid_from) AS started_on, max(until) AS until, moved_on, target
FROM beside
WHERE place = 1
GROUP BY customer_key, spell, plan, moved_on, target
