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
        sum(CASE WHEN spell.paid_from <= month.before AND spell.until > month.before THEN spell.mrr ELSE 0 END) AS earlier,
        sum(
            CASE WHEN spell.paid_from <= month.day AND spell.until > month.day
                AND NOT (spell.status = 'paused' AND month.day = {cut}) THEN spell.mrr ELSE 0 END
        ) AS later
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
    sum(CASE WHEN earlier = 0 AND first_day > before THEN later ELSE 0 END) AS new,
    sum(CASE WHEN earlier = 0 AND first_day <= before THEN later ELSE 0 END) AS reactivation,
    sum(CASE WHEN earlier > 0 AND later > earlier THEN later - earlier ELSE 0 END) AS expansion,
    sum(CASE WHEN later > 0 AND later < earlier THEN earlier - later ELSE 0 END) AS contraction,
    sum(CASE WHEN later = 0 THEN earlier ELSE 0 END) AS churned,
    sum(CASE WHEN later > 0 THEN 1 ELSE 0 END) AS customers
FROM paid JOIN first ON first.customer_key = paid.customer_key
GROUP BY paid.day
ORDER BY paid.day
