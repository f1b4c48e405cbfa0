-- What customers paid a month at the ends of months, and how it moved from one to the next.
WITH month AS (
    SELECT
        CAST({cut} - to_months(CAST(k * {step} AS INTEGER)) AS DATE) AS day,
        CAST({cut} - to_months(CAST((k + 1) * {step} AS INTEGER)) AS DATE) AS before
    FROM generate_series(0, {months} - 1) AS steps(k)
),
paid AS (
    SELECT
        month.day,
        month.before,
        spell.customer_key,
        coalesce(sum(spell.mrr) FILTER (spell.paid_from <= month.before AND spell.until > month.before), 0) AS earlier,
        coalesce(sum(spell.mrr) FILTER (
            spell.paid_from <= month.day AND spell.until > month.day
            AND NOT (spell.status = 'paused' AND month.day = {cut})
        ), 0) AS later
    FROM month JOIN {spells} AS spell ON spell.paid_from <= month.day AND spell.until > month.before
    WHERE spell.mrr > 0
    GROUP BY month.day, month.before, spell.customer_key
),
first AS (
    SELECT customer_key, min(paid_from) AS first_day FROM {spells} WHERE mrr > 0 GROUP BY customer_key
)
SELECT
    paid.day,
    sum(earlier) AS start,
    coalesce(sum(later) FILTER (earlier = 0 AND first_day > before), 0) AS new,
    coalesce(sum(later) FILTER (earlier = 0 AND first_day <= before), 0) AS reactivation,
    coalesce(sum(later - earlier) FILTER (earlier > 0 AND later > earlier), 0) AS expansion,
    coalesce(sum(earlier - later) FILTER (later > 0 AND later < earlier), 0) AS contraction,
    coalesce(sum(earlier) FILTER (later = 0), 0) AS churned,
    count(*) FILTER (later > 0) AS customers
FROM paid JOIN first ON first.customer_key = paid.customer_key
GROUP BY paid.day
ORDER BY paid.day
